// An Ollama server: docs.ollama.com/api/chat, /api/generate, /api/errors, /capabilities/thinking and
// /tool-calling.
import { isEmbedding, ollama as embeddings } from "./embeddings.mjs";
import { full, halves, isObjectSchema, isToolName, known, must, retryAfter } from "./rules.mjs";

export const base = "/ollama";
export const settings = { dialect: "ollama", auth: "bearer" };
export const path = /^\/api\/(chat|generate|embed|embeddings)$/;
export { keyOf, modelOf } from "./openai.mjs";
export const contentType = "application/x-ndjson";

const kMembers = [
  "model",
  "messages",
  "tools",
  "format",
  "options",
  "stream",
  "think",
  "keep_alive",
  "logprobs",
  "top_logprobs",
  "truncate",
  "shift",
];
const kGenerateMembers = [
  "model",
  "prompt",
  "suffix",
  "images",
  "format",
  "system",
  "template",
  "context",
  "stream",
  "think",
  "raw",
  "keep_alive",
  "options",
  "logprobs",
  "top_logprobs",
];
const isGenerate = ({ path }) => path === "/api/generate";
const kOptions = [
  "temperature",
  "top_p",
  "top_k",
  "min_p",
  "num_predict",
  "num_ctx",
  "num_keep",
  "seed",
  "stop",
  "repeat_last_n",
  "repeat_penalty",
  "presence_penalty",
  "frequency_penalty",
  "typical_p",
];

// The server looks at the bytes.
function image(data) {
  const type = { iVBORw0KGgo: "image/png", "/9j/": "image/jpeg" };
  const found = Object.keys(type).find((begin) => data.startsWith(begin));
  must(found, "illegal base64 data or unknown image format");
  return { type: type[found], data };
}

function assistant(message) {
  const calls = (message.tool_calls ?? []).map(({ id, function: made }) => {
    must(isToolName(made.name) && typeof made.arguments === "object", "json: cannot unmarshal a tool call's arguments");
    return { id, name: made.name, args: made.arguments };
  });
  return { role: "assistant", text: message.content ?? "", thought: message.thinking ?? "", signature: "", calls };
}

function messages(all) {
  const turns = [],
    system = [];
  for (const message of all) {
    known(message, "message", ["role", "content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id"]);
    must(
      message.content === undefined || typeof message.content === "string",
      "json: cannot unmarshal content into a string",
    );
    if (message.role === "system") {
      system.push(message.content);
    } else if (message.role === "assistant") {
      turns.push(assistant(message));
    } else if (message.role === "tool") {
      if (turns.at(-1).role !== "tool") turns.push({ role: "tool", results: [] });
      turns.at(-1).results.push({ id: message.tool_call_id, name: message.tool_name, text: message.content });
    } else {
      must(message.role === "user", `invalid role: ${message.role}`);
      turns.push({ role: "user", text: message.content ?? "", images: (message.images ?? []).map(image) });
    }
  }
  return { turns, system: system.join("\n") };
}

// A prompt is the one turn of the user; what no chat has comes as it is.
function prompted({ prompt, system, images = [], suffix, template, context, raw }) {
  must(typeof prompt === "string", "json: cannot unmarshal prompt into a string");
  return {
    turns: [{ role: "user", text: prompt, images: images.map(image) }],
    system: system ?? "",
    more: { suffix, template, context, raw },
  };
}

// What /api/ps says, whoever asks (docs.ollama.com/api/ps).
export const running = {
  models: [
    {
      name: "llama3.2:latest",
      model: "llama3.2:latest",
      size: 6591830464,
      digest: "a2af6cc3eb7fa8be8504abaf9b04e88f17a119ec3f04a3addf55f92841195f5a",
      details: {
        parent_model: "",
        format: "gguf",
        family: "llama",
        families: ["llama"],
        parameter_size: "3.2B",
        quantization_level: "Q4_K_M",
      },
      expires_at: "2025-10-17T16:47:07.933000-07:00",
      size_vram: 5333539264,
      context_length: 4096,
    },
  ],
};

export function read(call) {
  if (isEmbedding(call)) return embeddings.read(call);
  const { json } = call;
  known(json, "request", isGenerate(call) ? kGenerateMembers : kMembers);
  known(json.options ?? {}, "options", kOptions);
  must([undefined, true, false, "low", "medium", "high"].includes(json.think), `invalid think value: ${json.think}`);
  const tools = (json.tools ?? []).map(({ type, function: made }) => {
    must(type === "function" && isToolName(made.name) && isObjectSchema(made.parameters), "a tool lacks something");
    return { name: made.name, description: made.description, schema: made.parameters };
  });
  return {
    stream: json.stream !== false,
    ...(isGenerate(call) ? prompted(json) : messages(json.messages)),
    tools,
    isForced: false,
    schema: typeof json.format === "object" ? json.format : undefined,
    thinks: Boolean(json.think),
    maxTokens: json.options?.num_predict,
    stop: json.options?.stop ?? [],
  };
}

const line = (message, more) => ({
  model: "llama3.2",
  created_at: "2025-10-26T17:15:24.097767Z",
  message: { role: "assistant", content: "", ...message },
  done: false,
  ...more,
});
// The same line as /api/generate has it; the last one bears what continues the talk.
function generated({ message: { content, thinking }, ...rest }) {
  return { ...rest, response: content, ...(thinking && { thinking }), ...(rest.done && { context: [1, 2, 3] }) };
}
const ended = ({ stop, usage }) => ({
  done: true,
  done_reason: stop === "length" ? "length" : "stop",
  total_duration: 4883583458,
  load_duration: 1334875,
  prompt_eval_count: usage.input,
  prompt_eval_duration: 342546000,
  eval_count: usage.output,
  eval_duration: 4535599000,
});
const toolCalls = (calls) =>
  calls.map(({ id, name, args }, index) => ({ id, function: { index, name, arguments: args } }));

export function answer(reply, call) {
  if (isEmbedding(call)) return embeddings.answer(reply, call);
  const whole = full(reply);
  const told = line(
    {
      content: whole.text.join(""),
      ...(whole.thought && { thinking: whole.thought }),
      ...(whole.calls.length && { tool_calls: toolCalls(whole.calls) }),
    },
    ended(whole),
  );
  return isGenerate(call) ? generated(told) : told;
}

export function stream(reply, call) {
  const whole = full(reply);
  const thoughts = whole.thought ? halves(whole.thought).map((thinking) => line({ thinking })) : [];
  const texts = whole.text.map((content) => line({ content }));
  const calls = toolCalls(whole.calls).map((made) => line({ tool_calls: [made] }));
  const lines = [...thoughts, ...texts, ...calls, line({}, ended(whole))];
  return lines.map((one) => `${JSON.stringify(isGenerate(call) ? generated(one) : one)}\n`);
}

export const errors = {
  bad_request: [400, "invalid options: too odd"],
  auth: [401, "unauthorized"],
  not_found: [404, "model 'c' not found"],
  rate_limit: [429, "too many requests"],
  server: [500, "llama runner process has terminated"],
  overloaded: [503, "server busy, please try again.  maximum pending requests exceeded"],
};

export function error(kind) {
  const [status, message] = errors[kind] ?? [400, kind];
  return {
    status,
    message,
    body: { error: message },
    headers: kind === "rate_limit" ? { "retry-after": retryAfter } : {},
  };
}

export const errorInStream = () => [
  `${JSON.stringify({ error: "an error was encountered while running the model" })}\n`,
];
