// Ollama's /api/chat, in the vendor's words.
import { any, count, given, ifGiven, oneOf, time } from "./pattern.mjs";
import { require, version } from "./server.mjs";

const { Ollama } = require("ollama");

export const name = "ollama";
export const call_source = `ollama ${version("ollama")}, chat`;
export const answer_source = {
  plain: "Ollama API documentation (docs/api.md), 'Generate a chat completion', 'Chat request (No streaming)'",
  stream: "Ollama API documentation (docs/api.md), 'Generate a chat completion', 'Chat Request (Streaming)'",
  thinking: "; Ollama docs, 'Thinking'",
  error: "Ollama docs, 'Errors'",
};
export const target = "qwen3";
export const type = (is_stream) => (is_stream ? "application/x-ndjson" : "application/json");

export const says = { top_k: true, frequency_penalty: true, presence_penalty: true, thought: true, choice: false, thinking: true, stop: true, seed: true, ids: false, schema_name: false, effort: true };
export const tells = { id: false, created: true, ids: false, pieces: false, cached: false, reasoning: false, not_filtered: true };
export const dropped = { stop: "stop", seed: "seed" };
export const shows = () => false;

function user(said) {
  if (typeof said === "string") return { role: "user", content: said };
  return {
    role: "user",
    content: said.filter((part) => part.text).map((part) => part.text).join("\n"),
    images: said.filter((part) => part.image).map((part) => part.image.data),
  };
}

function messages(turn) {
  if (turn.user) return [user(turn.user)];
  if (turn.results)
    return turn.results.map((result) => ({ role: "tool", content: result.text, tool_name: result.name }));
  const tool_calls = turn.calls?.map((call) => ({ function: { name: call.name, arguments: call.args } }));
  return [given({ role: "assistant", content: turn.assistant ?? "", thinking: turn.thinking, tool_calls })];
}

function params(said) {
  const system = said.system ? [{ role: "system", content: said.system }] : [];
  const options = given({
    num_predict: said.limit, temperature: said.temperature, top_p: said.top_p, top_k: said.top_k, stop: said.stop,
    seed: said.seed, frequency_penalty: said.frequency_penalty, presence_penalty: said.presence_penalty,
  });
  return given({
    model: said.model,
    messages: [...system, ...said.turns.flatMap(messages)],
    tools: said.tools?.map((tool) => ({
      type: "function",
      function: { name: tool.name, description: tool.description, parameters: tool.schema },
    })),
    format: said.is_json ? "json" : said.schema?.schema,
    think: said.effort,
    options: Object.keys(options).length > 0 ? options : undefined,
    stream: said.stream ? true : false,
  });
}

export async function send(said, url) {
  const client = new Ollama({ host: url });
  if (!said.stream) return client.chat(params(said));
  const chunks = [];
  for await (const chunk of await client.chat(params(said))) chunks.push(chunk);
  return chunks;
}

export function relax(body) {
  for (const message of body.messages) {
    // Newer servers number calls (ToolCall.ID and Message.ToolCallID in api/types.go).
    if (message.role === "tool") message.tool_call_id = ifGiven(any);
    message.tool_calls?.forEach((call) => (call.id = ifGiven(any)));
  }
  // How hard to think is true or false for most models, and a word for some.
  if (body.think) body.think = oneOf(body.think, true);
  return body;
}

const done_reason = { end: "stop", length: "length", calls: "stop", stop_sequence: "stop", filtered: "stop" };
const seconds = (said) => (said.created === undefined ? time : new Date(said.created * 1000).toISOString().replace(".000Z", "Z"));

const durations = (own) =>
  own
    ? { total_duration: 5191566416, load_duration: 2154458, prompt_eval_duration: 383809000, eval_duration: 4799921000 }
    : { total_duration: count, load_duration: count, prompt_eval_duration: count, eval_duration: count };
const end = (said) => ({
  done_reason: done_reason[said.stop], done: true, ...durations(said.own),
  prompt_eval_count: said.usage.input, eval_count: said.usage.output,
});

const tool_call = (said, call, index) => ({
  id: said.own ? undefined : ifGiven(call.id),
  function: { index: said.own ? undefined : ifGiven(index), name: call.name, arguments: call.args },
});

export function answer(said) {
  const joined = (kind) => said.parts.flatMap((part) => part[kind] ?? []).join("");
  const calls = said.parts.filter((part) => part.call).map(({ call }, at) => tool_call(said, call, at));
  return {
    model: said.model,
    created_at: seconds(said),
    message: given({
      role: "assistant", content: joined("text"), thinking: joined("thinking") || undefined,
      tool_calls: calls.length > 0 ? calls : undefined,
    }),
    ...end(said),
  };
}

export function stream(said) {
  const line = (message) => ({
    model: said.model, created_at: seconds(said), message: { role: "assistant", content: "", ...message }, done: false,
  });
  const lines = [];
  let calls = 0;
  for (const part of said.parts) {
    for (const content of part.text ?? []) lines.push(line({ content }));
    for (const thinking of part.thinking ?? []) lines.push(line({ thinking }));
    if (part.call) lines.push(line({ tool_calls: [tool_call(said, part.call, calls++)] }));
  }
  lines.push(said.failure ? { error: said.failure.message } : { ...line({}), ...end(said) });
  return lines.map((one) => `${JSON.stringify(one)}\n`).join("");
}

export const error = ({ message }) => ({ error: message });

export function read(message) {
  const lines = Array.isArray(message) ? message : [message];
  const last = lines[lines.length - 1];
  return {
    text: lines.map((line) => line.message.content).join(""),
    calls: lines.flatMap((line) => line.message.tool_calls ?? []).map((call) => ({ name: call.function.name, args: call.function.arguments })),
    stop: last.done_reason,
    output: last.eval_count,
  };
}
export const stops = done_reason;
