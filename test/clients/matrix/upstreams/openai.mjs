// A Chat Completions server: platform.openai.com/docs/api-reference/chat, with the reasoning_content
// that vendors of compatible servers add.
import { isEmbedding, openai as embeddings } from "./embeddings.mjs";
import { dataUrl, full, halves, isObjectSchema, isToolName, known, must, retryAfter, sse } from "./rules.mjs";

export const base = "/openai/v1";
export const settings = { dialect: "openai", auth: "bearer", usage_in_streams: true };
export const path = /^\/(chat\/completions|embeddings)$/;
export const keyOf = (headers) => headers.authorization?.replace("Bearer ", "");
export const modelOf = (call) => call.json.model;
export const contentType = "text/event-stream";

const kMembers = [
  "model",
  "messages",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "response_format",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "stop",
  "stream",
  "stream_options",
  "reasoning_effort",
  "seed",
  "n",
  "user",
  "metadata",
  "logprobs",
  "top_logprobs",
  "frequency_penalty",
  "presence_penalty",
  "store",
  "service_tier",
  "prompt_cache_key",
  "safety_identifier",
  "verbosity",
];

function contents(value, where) {
  const out = { text: "", images: [] };
  if (value === null || value === undefined) return out;
  if (typeof value === "string") return { ...out, text: value };
  must(Array.isArray(value) && value.length > 0, `${where}.content: empty`);
  for (const part of value) {
    must(["text", "image_url", "refusal"].includes(part.type), `${where}.content: type ${part.type}`);
    if (part.type === "text") out.text += part.text;
    if (part.type === "image_url") out.images.push(dataUrl(part.image_url.url));
  }
  return out;
}

function assistant(message, where) {
  const calls = (message.tool_calls ?? []).map((call) => {
    must(
      call.type === "function" && call.id && isToolName(call.function.name),
      `${where}: a tool call lacks something`,
    );
    return { id: call.id, name: call.function.name, args: JSON.parse(call.function.arguments) };
  });
  must(message.content || calls.length, `${where}: neither content nor tool_calls`);
  return {
    role: "assistant",
    text: contents(message.content, where).text,
    thought: message.reasoning_content ?? "",
    signature: "",
    calls,
  };
}

// Each call is answered, and before anyone else speaks.
function messages(all) {
  const turns = [],
    system = [];
  let open = new Set();
  all.forEach((message, i) => {
    const where = `messages[${i}]`;
    known(message, where, [
      "role",
      "content",
      "name",
      "refusal",
      "tool_calls",
      "tool_call_id",
      "reasoning_content",
      "reasoning_details",
      "annotations",
      "audio",
      "function_call",
      "parsed",
    ]);
    if (message.role === "tool") {
      must(open.delete(message.tool_call_id), `${where}: answers no call: ${message.tool_call_id}`);
      if (turns.at(-1).role !== "tool") turns.push({ role: "tool", results: [] });
      turns.at(-1).results.push({ id: message.tool_call_id, text: contents(message.content, where).text });
      return;
    }
    must(open.size === 0, `${where}: calls without a result: ${[...open]}`);
    if (message.role === "system" || message.role === "developer") {
      must(contents(message.content, where).text, `${where}: empty`);
      system.push(contents(message.content, where).text);
    } else if (message.role === "assistant") {
      turns.push(assistant(message, where));
      open = new Set(turns.at(-1).calls.map(({ id }) => id));
    } else {
      must(message.role === "user", `${where}: role ${message.role}`);
      turns.push({ role: "user", ...contents(message.content, where) });
    }
  });
  must(open.size === 0, `calls without a result: ${[...open]}`);
  return { turns, system: system.join("\n") };
}

export function read(call) {
  const { json } = call;
  if (isEmbedding(call)) return embeddings.read(call);
  known(json, "request", kMembers);
  must(json.stream || !json.stream_options, "stream_options without stream");
  const tools = (json.tools ?? []).map(({ type, function: made }) => {
    must(type === "function" && isToolName(made.name), "a tool lacks something");
    must(made.parameters === undefined || isObjectSchema(made.parameters), "a tool's parameters are no object schema");
    return { name: made.name, description: made.description, schema: made.parameters };
  });
  const format = json.response_format;
  if (format?.type === "json_schema") must(isToolName(format.json_schema.name), "response_format.json_schema.name");
  return {
    stream: json.stream === true,
    ...messages(json.messages),
    tools,
    isForced: !["auto", "none"].includes(json.tool_choice ?? "auto"),
    schema: format?.json_schema?.schema,
    thinks: (json.reasoning_effort ?? "none") !== "none",
    maxTokens: json.max_completion_tokens ?? json.max_tokens,
    stop: [json.stop ?? []].flat(),
  };
}

const kFinish = { end: "stop", length: "length", sequence: "stop", calls: "tool_calls", filter: "content_filter" };
const head = {
  id: "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
  created: 1741569952,
  model: "gpt-5-2025-08-07",
  service_tier: "default",
  system_fingerprint: "fp_50cad350e4",
};

const usage = ({ input, cached, output, thinking }) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: thinking,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
});

const toolCall = ({ id, name, args }) => ({
  id,
  type: "function",
  function: { name, arguments: JSON.stringify(args) },
});

export function answer(reply, call) {
  if (isEmbedding(call)) return embeddings.answer(reply, call);
  const { text, thought, calls, stop, ...more } = full(reply);
  const message = { role: "assistant", content: text.join("") || null, refusal: null, annotations: [] };
  if (thought) message.reasoning_content = thought;
  if (calls.length) message.tool_calls = calls.map(toolCall);
  return {
    ...head,
    object: "chat.completion",
    choices: [{ index: 0, message, logprobs: null, finish_reason: kFinish[stop] }],
    usage: usage(more.usage),
  };
}

const chunk = (delta, finish_reason = null) => ({
  ...head,
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta, logprobs: null, finish_reason }],
});

export function stream(reply, { json }) {
  const { text, thought, calls, stop, ...more } = full(reply);
  const frames = [chunk({ role: "assistant", content: calls.length ? null : "", refusal: null })];
  if (thought) frames.push(...halves(thought).map((piece) => chunk({ reasoning_content: piece })));
  frames.push(...text.map((piece) => chunk({ content: piece })));
  calls.forEach((call, index) => {
    const made = toolCall(call);
    frames.push(chunk({ tool_calls: [{ index, ...made, function: { ...made.function, arguments: "" } }] }));
    frames.push(
      ...halves(made.function.arguments).map((piece) =>
        chunk({ tool_calls: [{ index, function: { arguments: piece } }] }),
      ),
    );
  });
  frames.push(chunk({}, kFinish[stop]));
  if (json.stream_options?.include_usage)
    frames.push({ ...head, object: "chat.completion.chunk", choices: [], usage: usage(more.usage) });
  return [...frames, "[DONE]"].map((frame) => sse(frame));
}

export const errors = {
  bad_request: [
    400,
    {
      message: "Invalid value for 'content': too odd.",
      type: "invalid_request_error",
      param: "messages.[0].content",
      code: "invalid_value",
    },
  ],
  auth: [
    401,
    { message: "Incorrect API key provided.", type: "invalid_request_error", param: null, code: "invalid_api_key" },
  ],
  not_found: [
    404,
    {
      message: "The model `c` does not exist or you do not have access to it.",
      type: "invalid_request_error",
      param: null,
      code: "model_not_found",
    },
  ],
  rate_limit: [
    429,
    { message: "Rate limit reached for requests.", type: "requests", param: null, code: "rate_limit_exceeded" },
  ],
  server: [
    500,
    {
      message: "The server had an error while processing your request.",
      type: "server_error",
      param: null,
      code: null,
    },
  ],
  overloaded: [
    503,
    {
      message: "The engine is currently overloaded, please try again later.",
      type: "server_error",
      param: null,
      code: null,
    },
  ],
};

export function error(kind) {
  const [status, inner] = errors[kind] ?? [
    400,
    { message: kind, type: "invalid_request_error", param: null, code: null },
  ];
  return {
    status,
    message: inner.message,
    body: { error: inner },
    headers: kind === "rate_limit" ? { "retry-after": retryAfter } : {},
  };
}

export const errorInStream = () => [sse({ error: errors.server[1] })];
