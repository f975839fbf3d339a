// The openai SDK's Responses API, in front of servers of its own dialect, of Chat Completions and of
// Anthropic's.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import OpenAI from "openai";
import { chunk, clientKey, completion, Gateway, providerKey, Upstream } from "./gateway.mjs";

const input = [{ role: "user", content: "2+2?" }];
const tools = [{ type: "function", name: "add", description: "adds", strict: false, parameters: { type: "object", properties: {} } }];
let upstream, gateway, client;

before(async () => {
  upstream = await new Upstream().start();
  const provider = (id, dialect) => ({ id, dialect, base_url: upstream.url, accounts: [{ name: "main", api_key: providerKey }] });
  gateway = await new Gateway().start({
    listeners: [{ name: "main", address: "127.0.0.1:0" }],
    providers: [provider("chat", "openai"), provider("claude", "anthropic"), provider("own", "openai-responses"), { id: "demo", type: "demo" }],
    keys: [{ name: "sdk", key: clientKey }],
  });
  client = new OpenAI({ baseURL: `${gateway.urls[0]}/v1`, apiKey: clientKey, maxRetries: 0 });
});

after(async () => {
  assert.equal(await gateway.stop(), 0);
  upstream.close();
  assert.ok(!gateway.log.includes("canary"), "a key stands in the log");
});

beforeEach(() => {
  upstream.calls = [];
});

const call = { id: "call_1", type: "function", function: { name: "add", arguments: '{"a":2}' } };

test("an answer of a Chat Completions server", async () => {
  upstream.script = (request) => upstream.plain(request, { body: completion("four", { tool_calls: [call] }) });
  const answer = await client.responses.create({ model: "chat/gpt-x", input, instructions: "Be brief.", tools, max_output_tokens: 99 });
  assert.equal(answer.output_text, "four");
  assert.equal(answer.status, "completed");
  const [text, made] = answer.output;
  assert.deepEqual([text.type, made.type, made.call_id, made.name, made.arguments],
    ["message", "function_call", "call_1", "add", '{"a":2}']);
  assert.equal(answer.usage.input_tokens, 18);
  const asked = upstream.calls[0].json;
  assert.deepEqual(asked.messages, [{ role: "system", content: "Be brief." }, { role: "user", content: "2+2?" }]);
  assert.equal(asked.tools[0].function.name, "add");
  assert.equal(asked.max_tokens, 99);
});

test("a stream of a Chat Completions server, as the SDK puts it together", async () => {
  upstream.script = (request) => upstream.stream(request, [
    chunk({ role: "assistant", content: "" }), chunk({ reasoning_content: "hm" }), chunk({ content: "fo" }), chunk({ content: "ur" }),
    chunk({ tool_calls: [{ index: 0, ...call, function: { name: "add", arguments: "" } }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a":2}' } }] }), chunk({}, "tool_calls"),
  ]);
  const stream = client.responses.stream({ model: "chat/gpt-x", input, tools });
  const kinds = [];
  for await (const event of stream) kinds.push(event.type);
  const answer = await stream.finalResponse();
  assert.equal(answer.output[1].content[0].text, "four");
  assert.deepEqual(answer.output.map((item) => item.type), ["reasoning", "message", "function_call"]);
  assert.equal(answer.output[2].arguments, '{"a":2}');
  assert.equal(kinds[0], "response.created");
  assert.equal(kinds.at(-1), "response.completed");
});

test("a conversation with a tool goes on at an Anthropic server", async () => {
  const message = { id: "msg_1", type: "message", role: "assistant", model: "claude-x", content: [{ type: "text", text: "four" }],
    stop_reason: "end_turn", stop_sequence: null, usage: { input_tokens: 9, output_tokens: 4 } };
  upstream.script = (request) => upstream.plain(request, { body: message });
  const answer = await client.responses.create({
    model: "claude/claude-x", tools,
    input: [...input, { type: "function_call", call_id: "call_1", name: "add", arguments: '{"a":2}' },
      { type: "function_call_output", call_id: "call_1", output: "4" }],
  });
  assert.equal(answer.output_text, "four");
  assert.deepEqual(upstream.calls[0].json.messages.slice(1, 2), [
    { role: "assistant", content: [{ type: "tool_use", id: "call_1", name: "add", input: { a: 2 } }] }]);
  assert.equal(upstream.calls[0].json.messages[2].content[0].type, "tool_result");
});

test("its own dialect passes byte for byte", async () => {
  const body = { id: "resp_1", object: "response", created_at: 1, status: "completed", model: "m", output: [
    { id: "msg_1", type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text: "four", annotations: [] }] }],
    usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 }, x_unknown: 1 };
  upstream.script = (request) => upstream.plain(request, { body });
  const answer = await client.responses.create({ model: "own/m", input, previous_response_id: "resp_0" });
  assert.equal(answer.x_unknown, 1);
  assert.equal(upstream.calls[0].body, JSON.stringify({ model: "m", input, previous_response_id: "resp_0" }));
});

test("a Chat Completions client before a Responses server", async () => {
  const events = [
    { type: "response.created", response: { id: "resp_1", object: "response", created_at: 1, status: "in_progress", model: "m", output: [] } },
    { type: "response.output_item.added", output_index: 0, item: { id: "msg_1", type: "message", role: "assistant", status: "in_progress", content: [] } },
    { type: "response.output_text.delta", item_id: "msg_1", output_index: 0, content_index: 0, delta: "four" },
    { type: "response.completed", response: { id: "resp_1", object: "response", created_at: 1, status: "completed", model: "m", output: [],
      usage: { input_tokens: 3, output_tokens: 1, total_tokens: 4 } } },
  ].map((event, sequence_number) => ({ ...event, sequence_number }));
  upstream.script = (request) => upstream.messages(request, events);
  const stream = client.chat.completions.stream({ model: "own/m", messages: input, stream_options: { include_usage: true } });
  const answer = await stream.finalChatCompletion();
  assert.equal(answer.choices[0].message.content, "four");
  assert.equal(answer.usage.prompt_tokens, 3);
  assert.equal(upstream.calls[0].headers.authorization, `Bearer ${providerKey}`);
});

test("a stream that breaks is a failure", async () => {
  upstream.script = (request) => {
    upstream.open(request)(chunk({ content: "fo" }));
    request.response.end();
  };
  await assert.rejects(async () => {
    for await (const event of await client.responses.create({ model: "chat/gpt-x", input, stream: true }))
      if (event.type === "response.failed" || event.type === "error") throw new Error(JSON.stringify(event));
  }, /before the answer was complete/);
});

test("errors name the field", async () => {
  await assert.rejects(client.responses.create({ model: "chat/gpt-x", input: [{ type: "function_call", name: "f" }] }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    return /input\[0\]\.call_id: is missing/.test(error.message);
  });
});

test("the demo answers", async () => {
  assert.equal((await client.responses.create({ model: "demo/echo", input: "2+2?" })).output_text, "2+2?");
});
