// OpenAI Chat Completions, in the vendor's words.
import { any, given, id, ifGiven, oneOf, time } from "./pattern.mjs";
import { require, sse, version } from "./server.mjs";

const OpenAI = require("openai");

export const name = "openai";
export const call_source = `openai ${version("openai")}, chat.completions.create`;
export const answer_source = {
  plain: "OpenAI API reference, Chat Completions, 'The chat completion object'",
  stream: "OpenAI API reference, Chat Completions, 'The chat completion chunk object'",
  thinking: "; reasoning_content as in DeepSeek API docs, 'Thinking Mode', reasoning_details as in " +
    "OpenRouter docs, 'Reasoning Tokens'",
  error: "OpenAI API reference, 'Debugging requests', and OpenAI docs, 'Error codes'",
};
export const target = "gpt-5-mini";
export const type = (is_stream) => (is_stream ? "text/event-stream" : "application/json");

// What a request of this dialect can say, and what its answer tells.
export const says = { files: true, frequency_penalty: true, presence_penalty: true, is_serial: true, choice: true, stop: true, seed: true, ids: true, schema_name: true, effort: true };
export const tells = { id: true, created: true, ids: true, pieces: true, cached: true, reasoning: true };
export const dropped = { is_serial: "parallel_tool_calls", stop: "stop", seed: "seed" };
export const shows = () => false;

const image_url = ({ type, data }) => ({ type: "image_url", image_url: { url: `data:${type};base64,${data}` } });

function content(said) {
  if (typeof said === "string") return said;
  return said.map(({ text, image, link, file }) => {
    if (text) return { type: "text", text };
    if (link) return { type: "image_url", image_url: { url: link.url } };
    if (image) return image_url(image);
    return { type: "file", file: { filename: file.name, file_data: `data:application/pdf;base64,${file.data}` } };
  });
}

function messages(turn) {
  if (turn.user) return [{ role: "user", content: content(turn.user) }];
  if (turn.results)
    return turn.results.map((result) => ({ role: "tool", tool_call_id: result.id, content: result.text }));
  const tool_calls = turn.calls?.map((call) => ({
    id: call.id, type: "function",
    function: { name: call.name, arguments: JSON.stringify(call.args) },
  }));
  return [given({ role: "assistant", content: turn.assistant ?? null, tool_calls })];
}

function tool_choice(choice) {
  if (choice === undefined || typeof choice === "string") return choice;
  return { type: "function", function: { name: choice.name } };
}

function response_format({ schema, is_json }) {
  if (is_json) return { type: "json_object" };
  if (!schema) return undefined;
  return { type: "json_schema", json_schema: given({ name: schema.name, schema: schema.schema, strict: schema.strict }) };
}

function params(said) {
  const system = said.system ? [{ role: "system", content: said.system }] : [];
  return given({
    model: said.model,
    messages: [...system, ...said.turns.flatMap(messages)],
    tools: said.tools?.map((tool) => ({
      type: "function",
      function: { name: tool.name, description: tool.description, parameters: tool.schema },
    })),
    tool_choice: tool_choice(said.choice),
    max_completion_tokens: said.limit,
    temperature: said.temperature,
    stop: said.stop,
    top_p: said.top_p,
    seed: said.seed,
    frequency_penalty: said.frequency_penalty,
    presence_penalty: said.presence_penalty,
    parallel_tool_calls: said.is_serial ? false : undefined,
    response_format: response_format(said),
    reasoning_effort: said.effort,
    store: said.store,
    stream: said.stream ? true : undefined,
    stream_options: said.stream ? { include_usage: true } : undefined,
  });
}

export async function send(said, url) {
  const client = new OpenAI({ apiKey: "k", baseURL: `${url}/v1`, maxRetries: 0 });
  if (!said.stream) return client.chat.completions.create(params(said));
  const { stream, ...rest } = params(said);
  return client.chat.completions.stream(rest).finalChatCompletion();
}

// Spellings that the vendor takes for one.
export function relax(body, said) {
  // FunctionDefinition.strict and ImageURL.detail: these are what they are when left out.
  body.tools?.forEach((tool) => (tool.function.strict = ifGiven(false)));
  for (const message of body.messages) {
    // ChatCompletionAssistantMessageParam: not required where there are calls, and may be null.
    if (message.role === "assistant" && message.content === null) message.content = ifGiven(null);
    // ChatCompletionDeveloperMessageParam: the newer word for the same.
    if (Array.isArray(message.content))
      for (const part of message.content)
        if (part.file && !said.names_files) part.file.filename = ifGiven(any);
        else if (part.image_url) part.image_url.detail = ifGiven("auto");
    if (message.role === "system") message.role = oneOf("system", "developer");
  }
  if (body.response_format?.json_schema?.name === "answer")
    body.response_format.json_schema.name = any;
  return body;
}

const finish = { end: "stop", length: "length", calls: "tool_calls", stop_sequence: "stop", filtered: "content_filter" };

function usage(counts) {
  return {
    prompt_tokens: counts.input,
    completion_tokens: counts.output,
    total_tokens: counts.input + counts.output,
    prompt_tokens_details: counts.cached === undefined ? ifGiven({ cached_tokens: 0 }) : given({
      // The gateway's word; the vendor has none for what was written to the cache.
      cached_tokens: counts.cached, cache_creation_tokens: counts.written && ifGiven(counts.written),
    }),
    completion_tokens_details:
      counts.reasoning === undefined ? ifGiven({ reasoning_tokens: 0 }) : { reasoning_tokens: counts.reasoning },
  };
}

// What the vendor's own server says besides.
const also = (said) => (said.own ? { service_tier: "default", system_fingerprint: "fp_44709d6fcb" } : {});
const answer_id = (said) => said.id ?? id("answer");
const texts = (said, kind) => said.parts.filter((part) => part[kind]).map((part) => part[kind].join(""));
const details = (part, at) => [{ type: "reasoning.text", text: part.thinking.join(""), signature: part.proof, index: at }];

export function answer(said) {
  const calls = said.parts.filter((part) => part.call);
  const thoughts = said.parts.flatMap((part) => part.thinking ?? []);
  const proven = said.parts.find((part) => part.proof);
  return {
    id: answer_id(said),
    object: "chat.completion",
    created: said.created ?? time,
    model: said.model,
    choices: [{
      index: 0,
      message: given({
        role: "assistant",
        content: texts(said, "text").join("") || null,
        refusal: null,
        annotations: ifGiven([]),
        reasoning_content: thoughts.length > 0 ? thoughts.join("") : undefined,
        reasoning_details: proven && details(proven, 0),
        tool_calls: calls.length === 0 ? undefined : calls.map(({ call }) => ({
          id: call.id, type: "function", function: { name: call.name, arguments: call.pieces.join("") },
        })),
      }),
      logprobs: null,
      finish_reason: finish[said.stop],
    }],
    usage: usage(said.usage),
    ...also(said),
  };
}

export function stream(said) {
  const chunk = (delta, finish_reason = null) => ({
    id: answer_id(said), object: "chat.completion.chunk", created: said.created ?? time, model: said.model,
    choices: [{ index: 0, delta, logprobs: ifGiven(null), finish_reason }],
    usage: said.own ? null : ifGiven(null),
    ...also(said),
    ...(said.own ? { obfuscation: "yBgtO8" } : {}),
  });
  const first = said.parts[0].call ? { content: null } : { content: "" };
  const chunks = [chunk({ role: "assistant", ...first, refusal: ifGiven(null) })];
  let calls = 0;
  for (const part of said.parts) {
    for (const text of part.text ?? []) chunks.push(chunk({ content: text }));
    for (const text of part.thinking ?? []) chunks.push(chunk({ reasoning_content: text }));
    if (part.proof) chunks.push(chunk({ reasoning_details: details(part, 0) }));
    if (!part.call) continue;
    const index = calls++;
    const begin = { name: part.call.name, arguments: "" };
    chunks.push(chunk({ tool_calls: [{ index, id: part.call.id, type: "function", function: begin }] }));
    for (const piece of part.call.pieces) chunks.push(chunk({ tool_calls: [{ index, function: { arguments: piece } }] }));
  }
  if (said.failure) {
    const { message } = said.failure;
    // The SDK takes any object with an error for the end of the stream.
    chunks.push({ error: { message, type: said.own ? "server_error" : any, param: null, code: said.own ? null : any } });
    return sse(chunks);
  }
  chunks.push(chunk({}, finish[said.stop]));
  const { choices, usage: none, obfuscation, ...head } = chunk({});
  chunks.push({ ...head, choices: [], usage: usage(said.usage) });
  chunks.push("[DONE]");
  return sse(chunks);
}

const kinds = {
  400: { type: "invalid_request_error", code: oneOf(null, any) },
  429: { type: "rate_limit_error", code: "rate_limit_exceeded" },
  500: { type: "server_error", code: oneOf(null, any) },
};
export function error({ status, message, own }) {
  const kind = own ? given({ ...kinds[status], code: status === 429 ? "rate_limit_exceeded" : null }) : kinds[status];
  return { error: { message, type: kind.type, param: own ? null : oneOf(null, any), code: kind.code } };
}

// The SDK's own reading, in neutral words.
export function read(message) {
  const [choice] = message.choices;
  return {
    text: choice.message.content ?? "",
    calls: (choice.message.tool_calls ?? []).map((call) => ({ name: call.function.name, args: JSON.parse(call.function.arguments) })),
    stop: choice.finish_reason,
    output: message.usage.completion_tokens,
  };
}
export const stops = finish;
