// Reads what an Anthropic client is answered, as strictly as the vendor's own library and Claude Code
// rely on it: docs.claude.com/en/docs/build-with-claude/streaming.
import assert from "node:assert/strict";
import { framesOf } from "./sse.mjs";

export const dialect = "anthropic";
export const talk = "messages";

const kDeltas = {
  text: { text_delta: "text" },
  thinking: { thinking_delta: "thinking", signature_delta: "signature" },
  tool_use: { input_json_delta: "json" },
};
const kStops = ["end_turn", "tool_use", "max_tokens", "stop_sequence", "refusal"];

function usageOf(usage) {
  for (const name of ["input_tokens", "output_tokens"])
    assert.ok(Number.isInteger(usage[name]), `usage.${name}: ${usage[name]}`);
  const cached = usage.cache_read_input_tokens ?? 0;
  return {
    input: usage.input_tokens + cached + (usage.cache_creation_input_tokens ?? 0),
    cached,
    output: usage.output_tokens,
  };
}

function begin(block, events, index) {
  assert.equal(events.index, index, "blocks are numbered in order");
  const kind = block.type;
  assert.ok(kDeltas[kind], `a block of type ${kind}`);
  if (kind === "tool_use") assert.deepEqual(block.input, {}, "a tool_use begins without input");
  return { ...block, ...(kind === "thinking" && { thinking: "", signature: block.signature ?? "" }), json: "" };
}

function end(block) {
  const { json, ...whole } = block;
  if (whole.type === "tool_use") whole.input = JSON.parse(json || "{}");
  assert.ok(whole.type !== "text" || whole.text.length, "an empty text block");
  return whole;
}

function read(events) {
  const [start, ...rest] = events;
  assert.equal(start.type, "message_start");
  assert.deepEqual([start.message.role, start.message.content, start.message.stop_reason], ["assistant", [], null]);
  const content = [];
  let open, last;
  rest.forEach((event, i) => {
    const { type } = event;
    if (type === "ping") return;
    assert.ok(!last || type === "message_stop", `${type} behind message_delta`);
    if (type === "content_block_start") {
      assert.ok(!open, "a block begins within another");
      open = begin(event.content_block, event, content.length);
    } else if (type === "content_block_delta") {
      assert.equal(event.index, content.length, "a delta of another block");
      const field = kDeltas[open.type][event.delta.type];
      assert.ok(field, `${event.delta.type} in a ${open.type} block`);
      open[field] += Object.values(event.delta)[1];
    } else if (type === "content_block_stop") {
      assert.equal(event.index, content.length, "the end of another block");
      content.push(end(open));
      open = undefined;
    } else if (type === "message_delta") {
      assert.ok(!open, "the message ends within a block");
      last = event;
    } else {
      assert.equal(type, "message_stop", JSON.stringify(event));
      assert.equal(i, rest.length - 1, "message_stop is the last event");
    }
  });
  assert.equal(events.at(-1).type, "message_stop");
  return { content, stop_reason: last.delta.stop_reason, usage: { ...start.message.usage, ...last.usage } };
}

// What Claude Code keeps of an answer, and sends again.
const kept = (content) =>
  content.map(({ type, thinking, signature, text, id, name, input }) =>
    type === "thinking" ? { type, thinking, signature } : type === "text" ? { type, text } : { type, id, name, input },
  );

function said({ content, stop_reason, usage }) {
  assert.ok(kStops.includes(stop_reason), `stop_reason ${stop_reason}`);
  const hasCalls = content.some(({ type }) => type === "tool_use");
  assert.equal(stop_reason === "tool_use", hasCalls, `stop_reason ${stop_reason}`);
  const says = content.map((block) => {
    if (block.type === "thinking") return { thought: block.thinking };
    return block.type === "text" ? { text: block.text } : { call: block.name, id: block.id, args: block.input };
  });
  return { says, usage: usageOf(usage), talk: [{ role: "assistant", content: kept(content) }] };
}

export function stream(text) {
  return said(
    read(
      framesOf(text).map(({ type, data }) => {
        assert.equal(type, data.type, "an event's name is its type");
        return data;
      }),
    ),
  );
}

export function plain(body) {
  assert.deepEqual([body.type, body.role], ["message", "assistant"]);
  return said(body);
}

export const counted = (body) => body.input_tokens;

export function listed(body) {
  for (const { type, id, display_name, created_at } of body.data)
    assert.ok(type === "model" && id && display_name && created_at, `a model lacks something: ${id}`);
  assert.equal(body.has_more, false);
  return body.data.map(({ id }) => id);
}
