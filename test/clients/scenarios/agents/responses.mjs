// Reads what a Responses client is answered, as codex does: items count when they are done
// (codex-rs/codex-api/src/sse/responses.rs of openai/codex), and as the vendor's API reference has it.
import assert from "node:assert/strict";
import { framesOf } from "./sse.mjs";

export const dialect = "responses";
export const talk = "input";

// Which deltas an item has, and what they add up to.
const kDeltas = {
  "response.reasoning_summary_text": ({ summary }) => summary.map(({ text }) => text).join(""),
  "response.output_text": ({ content }) => content.map(({ text }) => text).join(""),
  "response.function_call_arguments": (item) => item.arguments,
  "response.custom_tool_call_input": (item) => item.input,
};
const kKinds = {
  reasoning: "response.reasoning_summary_text",
  message: "response.output_text",
  function_call: "response.function_call_arguments",
  custom_tool_call: "response.custom_tool_call_input",
};
const kPrefixes = { reasoning: "rs_", message: "msg_", function_call: "fc_", custom_tool_call: "ctc_" };

function begins(event, items) {
  assert.equal(event.output_index, items.length, "items are numbered in order");
  assert.ok(kKinds[event.item.type], `an item of type ${event.item.type}`);
  assert.ok(event.item.id?.startsWith(kPrefixes[event.item.type]), `an id of ${event.item.type}: ${event.item.id}`);
  return { ...event.item, told: "", done: undefined };
}

function ends(event, open) {
  const { item } = event;
  assert.deepEqual([item.id, item.type], [open.id, open.type], "another item ends than began");
  const words = kDeltas[kKinds[item.type]](item);
  assert.equal(open.told, words, "the deltas are the whole");
  assert.ok(open.done === undefined || open.done === words, "what is done is the whole");
  return item;
}

function read(events) {
  const items = [];
  let open, completed;
  events.forEach((event, i) => {
    const { type } = event;
    assert.equal(event.sequence_number, i, "events are numbered");
    assert.ok(!completed, `${type} behind response.completed`);
    if (i === 0) return assert.equal(type, "response.created");
    const [, base, step] = /^(.*)\.(delta|done)$/.exec(type) ?? [];
    if (type === "response.output_item.added") {
      assert.ok(!open, "an item begins within another");
      open = begins(event, items);
    } else if (type === "response.output_item.done") {
      items.push(ends(event, open));
      open = undefined;
    } else if (kDeltas[base]) {
      assert.deepEqual([event.item_id, event.output_index, base], [open.id, items.length, kKinds[open.type]]);
      if (step === "delta") open.told += event.delta;
      else open.done = event.text ?? event.arguments ?? event.input;
    } else if (type === "response.completed") {
      completed = event.response;
    } else {
      assert.match(type, /^response\.(in_progress|content_part\.(added|done)|reasoning_summary_part\.(added|done))$/);
    }
  });
  assert.ok(completed && !open, `no end: ${events.at(-1)?.type}`);
  assert.deepEqual(completed.output, items, "the response holds its items");
  return completed;
}

// codex sends no ids of items it did not store, and of a text the text alone.
function kept(item) {
  const { type, role, content, summary, encrypted_content, name, namespace, call_id, status } = item;
  if (type === "reasoning") return { type, summary, encrypted_content: encrypted_content ?? null };
  if (type === "message") return { type, role, content: content.map((part) => ({ type: part.type, text: part.text })) };
  if (type === "function_call")
    return { type, name, ...(namespace && { namespace }), arguments: item.arguments, call_id };
  return { type, status, call_id, name, input: item.input };
}

function saying(item) {
  if (item.type === "reasoning")
    return { thought: kDeltas[kKinds.reasoning](item), isProven: Boolean(item.encrypted_content) };
  if (item.type === "message") return { text: kDeltas[kKinds.message](item) };
  if (item.type === "function_call")
    return { call: item.name, space: item.namespace, id: item.call_id, args: JSON.parse(item.arguments) };
  return { call: item.name, id: item.call_id, input: item.input };
}

export function plain(response) {
  assert.deepEqual([response.object, response.status, response.error ?? null], ["response", "completed", null]);
  const { input_tokens: input, output_tokens: output, input_tokens_details: details } = response.usage;
  assert.ok(Number.isInteger(input) && Number.isInteger(output), "usage");
  const usage = { input, cached: details?.cached_tokens ?? 0, output };
  return { says: response.output.map(saying), usage, talk: response.output.map(kept) };
}

export function stream(text) {
  return plain(
    read(
      framesOf(text).map(({ type, data }) => {
        assert.equal(type, data.type, "an event's name is its type");
        return data;
      }),
    ),
  );
}

export const counted = (body) => body.input_tokens;

export function listed(body) {
  assert.equal(body.object, "list");
  return body.data.map(({ id }) => id);
}
