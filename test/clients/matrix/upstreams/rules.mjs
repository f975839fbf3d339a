// What the scripted servers have in common: the neutral words in which a feature says what a
// server answers and reads what it was asked, and the rules that vendors hold their callers to.
//
// A reply: {text: [pieces], thought, signature, calls: [{id, name, args}], stop, usage}.
//   stop: "end", "length", "sequence", "calls" or "filter".
//   usage: {input, cached, output, thinking}; input holds what was cached, output the thinking.
// Or {tokens}, where they are only to be counted; or see embeddings.mjs.
// A request, as read() gives it: {stream, system, turns, tools, isForced, schema, thinks, maxTokens,
//   stop},
//   turns: {role: "user", text, images: [{type, data}]}, {role: "tool", results: [{id, name, text,
//   isError}]}, {role: "assistant", text, thought, signature, calls}.

export class Refused extends Error {}

export function must(condition, message) {
  if (!condition) throw new Refused(message);
}

export function known(object, where, keys) {
  for (const key of Object.keys(object)) must(keys.includes(key), `${where}: unknown member ${key}`);
}

export function full(reply) {
  const calls = reply.calls ?? [];
  return {
    thought: "",
    signature: "",
    stop: calls.length ? "calls" : "end",
    ...reply,
    text: reply.text ?? [],
    calls,
    usage: { input: 18, cached: 0, output: 5, thinking: 0, ...reply.usage },
  };
}

export const sse = (data, type) =>
  `${type ? `event: ${type}\n` : ""}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

// Two pieces, as models write what they call with.
export function halves(text) {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)];
}

export function isObjectSchema(schema) {
  return schema !== null && typeof schema === "object" && schema.type === "object";
}

export function dataUrl(url) {
  const found = /^data:([^;]+);base64,(.+)$/.exec(url);
  must(found, `not a data URL: ${url}`);
  return { type: found[1], data: found[2] };
}

export const isToolName = (name) => typeof name === "string" && /^[a-zA-Z0-9_-]{1,64}$/.test(name);

// Seconds, with every 429.
export const retryAfter = "7";
