// Anthropic Messages, in the vendor's words.
import { any, count, given, id, ifGiven, oneOf } from "./pattern.mjs";
import { require, sse, version } from "./server.mjs";

const { Anthropic } = require("@anthropic-ai/sdk");

export const name = "anthropic";
export const call_source = `@anthropic-ai/sdk ${version("@anthropic-ai/sdk")}, messages.create`;
export const answer_source = {
  plain: "Claude API reference, 'Create a Message', response",
  stream: "Claude docs, 'Streaming Messages'; anthropic-sdk-python, tests/lib/streaming/fixtures",
  thinking: "; Claude docs, 'Extended thinking'",
  error: "Claude API reference, 'Errors'",
};
export const target = "claude-sonnet-4-6";
export const type = (is_stream) => (is_stream ? "text/event-stream" : "application/json");

const budgets = { low: 1024, medium: 8192, high: 24576 };

export const says = { files: true, top_k: true, is_serial: true, thought: true, proof: true, choice: true, tool_error: true, temperature: 1, stop: true, seed: false, ids: true, schema_name: false, effort: true };
export const tells = { id: true, created: false, ids: true, pieces: true, cached: true, reasoning: true, proof: true };
export const dropped = { is_serial: "parallel_tool_calls", stop: "stop_sequences" };
export const shows = (said) => said.is_adaptive;
export const as_said = (said) => ({ limit: 1024, ...said, budget: said.is_adaptive ? undefined : budgets[said.effort] });

function content(said) {
  if (typeof said === "string") return said;
  return said.map(({ text, image, link, file }) => {
    if (text) return { type: "text", text };
    if (link) return { type: "image", source: { type: "url", url: link.url } };
    if (image) return { type: "image", source: { type: "base64", media_type: image.type, data: image.data } };
    const source = { type: "base64", media_type: "application/pdf", data: file.data };
    return { type: "document", source, title: file.name };
  });
}

function message(turn) {
  if (turn.user) return { role: "user", content: content(turn.user) };
  if (turn.results)
    return {
      role: "user",
      content: turn.results.map((result) => given({
        type: "tool_result", tool_use_id: result.id, content: result.text, is_error: result.failed,
      })),
    };
  if (!turn.calls && !turn.thinking) return { role: "assistant", content: turn.assistant };
  const thought = turn.thinking ? [{ type: "thinking", thinking: turn.thinking, signature: turn.proof }] : [];
  const text = turn.assistant ? [{ type: "text", text: turn.assistant }] : [];
  const calls = (turn.calls ?? []).map((call) => ({ type: "tool_use", id: call.id, name: call.name, input: call.args }));
  return { role: "assistant", content: [...thought, ...text, ...calls] };
}

function tool_choice({ choice, is_serial }) {
  if (is_serial) return { type: "auto", disable_parallel_tool_use: true };
  if (choice === undefined) return undefined;
  if (choice === "required") return { type: "any" };
  return typeof choice === "string" ? { type: choice } : { type: "tool", name: choice.name };
}

function tools(said) {
  return said.tools?.map((tool) => ({ name: tool.name, description: tool.description, input_schema: tool.schema }));
}

// A server that is told in words of another dialect what form the answer has: a tool that must be
// called (Claude docs, 'Implement tool use', on forcing a tool), which every model knows, and only
// once ('Parallel tool use').
function format(said) {
  if (!said.schema) return {};
  if (said.is_client) return { output_config: { format: { type: "json_schema", schema: said.schema.schema } } };
  return {
    tools: [{ name: "json_answer", description: "d", input_schema: said.schema.schema }],
    tool_choice: { type: "tool", name: "json_answer", disable_parallel_tool_use: true },
  };
}

// The answer then comes as a call of that tool.
export function as_asked(said, answer) {
  if (!said.schema) return undefined;
  const json = answer.parts[0].text.join("");
  const call = { id: "toolu_01D7FLrfh4GYq7yT1ULFeyMV", name: "json_answer", args: JSON.parse(json), pieces: [json] };
  return { ...answer, parts: [{ call }], stop: "calls" };
}

const marks = { cache_control: { type: "ephemeral" } };
function marked(messages) {
  const last = messages[messages.length - 1];
  return [...messages.slice(0, -1), { ...last, content: [{ type: "text", text: last.content, ...marks }] }];
}

// Claude docs, 'Migration guide': from Opus 4.7 on there is neither a budget nor a temperature, and
// thoughts are shown to those who say so.
const takes_effort = (said) => said.model === "claude-opus-4-8";
function thinking(said) {
  if (!said.effort) return {};
  if (takes_effort(said) || (said.is_client && said.is_adaptive))
    return { thinking: { type: "adaptive", display: "summarized" }, output_config: { effort: said.effort } };
  return { thinking: { type: "enabled", budget_tokens: said.budget ?? budgets[said.effort] } };
}

function params(said) {
  return given({
    model: said.model,
    max_tokens: said.limit ?? 1,
    system: said.system && (said.cache ? [{ type: "text", text: said.system, ...marks }] : said.system),
    messages: said.cache ? marked(said.turns.map(message)) : said.turns.map(message),
    tools: tools(said),
    tool_choice: tool_choice(said),
    ...format(said),
    temperature: takes_effort(said) ? undefined : said.temperature,
    top_p: said.top_p,
    top_k: said.top_k,
    stop_sequences: said.stop,
    ...thinking(said),
    stream: said.stream ? true : undefined,
  });
}

export async function send(said, url) {
  const client = new Anthropic({ apiKey: "k", baseURL: url, maxRetries: 0 });
  if (!said.stream) return client.messages.create(params(said));
  const { stream, ...rest } = params(said);
  return client.messages.stream(rest).finalMessage();
}

const blocks = (text, more = {}) => [{ type: "text", text, ...more }];
export function relax(body, said) {
  // MessageCreateParams.system, MessageParam.content, ToolResultBlockParam.content: a string is
  // short for one block of text.
  if (typeof body.system === "string") body.system = oneOf(body.system, blocks(body.system));
  for (const message of body.messages) {
    if (typeof message.content === "string") {
      message.content = oneOf(message.content, blocks(message.content));
    } else {
      const [only] = message.content;
      if (message.content.length === 1 && only.type === "text" && !only.cache_control)
        message.content = oneOf(message.content, only.text);
      for (const block of message.content["<one of>"] ? [] : message.content)
        if (block.type === "document" && !said.names_files) block.title = ifGiven(any);
        else if (block.type === "tool_result" && typeof block.content === "string")
          block.content = oneOf(block.content, blocks(block.content));
    }
  }
  if (said.limit === undefined) body.max_tokens = count;  // Required here, and nobody said one.
  // How many tokens an effort is, the vendor does not say.
  if (said.effort && !said.budget && !takes_effort(said)) body.thinking.budget_tokens = count;
  if (said.schema && !said.is_client) {
    body.tools[0].description = ifGiven(any);
  }
  return body;
}

const stop_reason = { end: "end_turn", length: "max_tokens", calls: "tool_use", stop_sequence: "stop_sequence", filtered: "refusal" };

// The newest version has further members, all of them null for most (Usage in the SDK).
const unsaid = {
  cache_creation: ifGiven(any), inference_geo: ifGiven(null), server_tool_use: ifGiven(null),
  service_tier: ifGiven(null), speed: ifGiven(null),
};
function usage(counts) {
  const fresh = counts.input - (counts.cached ?? 0) - (counts.written ?? 0);
  return {
    input_tokens: fresh,
    cache_creation_input_tokens: counts.written ?? ifGiven(oneOf(0, null)),
    cache_read_input_tokens: counts.cached ?? ifGiven(oneOf(0, null)),
    output_tokens: counts.output,
    output_tokens_details: counts.reasoning === undefined
      ? ifGiven(oneOf(null, { thinking_tokens: 0 })) : { thinking_tokens: counts.reasoning },
  };
}

const caller = (said) => (said.own ? { type: "direct" } : ifGiven({ type: "direct" }));
function block(said, { thinking, text, call, proof }) {
  if (thinking) return { type: "thinking", thinking: thinking.join(""), signature: proof ?? "" };
  if (text) return { type: "text", text: text.join(""), citations: ifGiven(null) };
  return { type: "tool_use", id: call.id, caller: caller(said), name: call.name, input: call.args };
}

export function answer(said) {
  return {
    id: said.id ?? id("answer"),
    type: "message",
    role: "assistant",
    model: said.model,
    content: said.parts.map((part) => block(said, part)),
    stop_reason: stop_reason[said.stop],
    stop_sequence: said.stop_sequence ?? null,
    stop_details: ifGiven(null),
    container: ifGiven(null),
    usage: { ...usage(said.usage), ...unsaid },
  };
}

const starts = {
  text: { type: "text", text: "" },
  thinking: { type: "thinking", thinking: "", signature: "" },
};
function deltas({ thinking, text, call, proof }) {
  const rows = [
    ...(thinking ?? []).map((piece) => ({ type: "thinking_delta", thinking: piece })),
    ...(text ?? []).map((piece) => ({ type: "text_delta", text: piece })),
    ...(call?.pieces ?? []).map((piece) => ({ type: "input_json_delta", partial_json: piece })),
  ];
  return proof ? [...rows, { type: "signature_delta", signature: proof }] : rows;
}

export function stream(said) {
  // What is known of the tokens before the answer begins differs from server to server.
  const known = said.own
    ? { input_tokens: said.usage.input - (said.usage.cached ?? 0), cache_creation_input_tokens: 0,
        cache_read_input_tokens: said.usage.cached ?? 0, output_tokens: 1 }
    : { input_tokens: count, cache_creation_input_tokens: ifGiven(count), cache_read_input_tokens: ifGiven(count),
        output_tokens: count, output_tokens_details: ifGiven(any) };
  const message = {
    id: said.id ?? id("answer"), type: "message", role: "assistant", model: said.model, content: [],
    stop_reason: null, stop_sequence: null, usage: known,
  };
  const events = [{ type: "message_start", message }];
  said.parts.forEach((part, index) => {
    const content_block = part.call
      ? { type: "tool_use", id: part.call.id, caller: caller(said), name: part.call.name, input: {} }
      : part.text ? starts.text : starts.thinking;
    events.push({ type: "content_block_start", index, content_block });
    if (said.own && index === 0) events.push({ type: "ping" });
    for (const delta of deltas(part)) events.push({ type: "content_block_delta", index, delta });
    if (!said.failure) events.push({ type: "content_block_stop", index });
  });
  if (said.failure) {
    const type = oneOf("overloaded_error", "api_error");
    events.push({ type: "error", error: { type, message: said.failure.message, code: ifGiven(any) } });
    return sse(events, true);
  }
  const delta = { stop_reason: stop_reason[said.stop], stop_sequence: said.stop_sequence ?? null };
  // MessageDeltaUsage: all but output_tokens may be null.
  events.push({ type: "message_delta", delta, usage: { ...usage(said.usage), server_tool_use: ifGiven(null) } });
  events.push({ type: "message_stop" });
  return sse(events, true);
}

const kinds = { 400: "invalid_request_error", 429: "rate_limit_error", 500: "api_error" };
export function error({ status, message, own }) {
  const error = { type: kinds[status], message };
  if (own) return { type: "error", error, request_id: "req_011CSHoEeqs5C35K2UUqR7Fy" };
  // `code` is the gateway's own, beside what the vendor has.
  return { type: "error", error: { ...error, code: ifGiven(any) }, request_id: ifGiven(any) };
}

export function read(message) {
  return {
    text: message.content.filter((part) => part.type === "text").map((part) => part.text).join(""),
    calls: message.content.filter((part) => part.type === "tool_use").map((part) => ({ name: part.name, args: part.input })),
    stop: message.stop_reason,
    output: message.usage.output_tokens,
  };
}
export const stops = stop_reason;
