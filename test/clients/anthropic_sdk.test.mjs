// The Anthropic SDK as its users call it, in front of servers of its own dialect and of OpenAI's; and
// the openai SDK in front of Anthropic's.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { chunk, clientKey, completion, Gateway, providerKey, Upstream, until } from "./gateway.mjs";

const messages = [{ role: "user", content: "2+2?" }];
const ask = { max_tokens: 300, messages };
let upstream, gateway, client, openai;

before(async () => {
  upstream = await new Upstream().start();
  const account = { accounts: [{ name: "main", api_key: providerKey }] };
  gateway = await new Gateway().start({
    listeners: [{ name: "main", address: "127.0.0.1:0" }],
    providers: [
      { id: "chat", dialect: "openai", base_url: upstream.url, usage_in_streams: true, ...account },
      { id: "claude", dialect: "anthropic", auth: "x-api-key", base_url: upstream.url, ...account },
      { id: "demo", type: "demo" },
    ],
    keys: [{ name: "sdk", key: clientKey }],
    settings: { require_api_key: true },
  });
  client = new Anthropic({ baseURL: gateway.urls[0], apiKey: clientKey, maxRetries: 0 });
  openai = new OpenAI({ baseURL: `${gateway.urls[0]}/v1`, apiKey: clientKey, maxRetries: 0 });
});

after(async () => {
  assert.equal(await gateway.stop(), 0);
  upstream.close();
  assert.ok(!gateway.log.includes("canary"), "a key stands in the log");
});

beforeEach(() => {
  upstream.calls = [];
  upstream.script = (call) => upstream.plain(call, {});
});

const message = {
  id: "msg_1", type: "message", role: "assistant", model: "claude-x",
  content: [{ type: "thinking", thinking: "hm", signature: "sig==" }, { type: "text", text: "four" }],
  stop_reason: "end_turn", stop_sequence: null,
  usage: { input_tokens: 9, cache_creation_input_tokens: 0, cache_read_input_tokens: 3, output_tokens: 4 },
};
const events = [
  { type: "message_start", message: { ...message, content: [], stop_reason: null } },
  { type: "ping" },
  { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "", signature: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "hm" } },
  { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "sig==" } },
  { type: "content_block_stop", index: 0 },
  { type: "content_block_start", index: 1, content_block: { type: "tool_use", id: "toolu_1", name: "add", input: {} } },
  { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: '{"a":2,' } },
  { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: '"b":2}' } },
  { type: "content_block_stop", index: 1 },
  { type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage: { output_tokens: 8 } },
  { type: "message_stop" },
];

test("a message is answered by its own dialect, byte for byte", async () => {
  upstream.script = (call) => upstream.plain(call, { body: message });
  const answer = await client.messages.create({ model: "claude/claude-x", ...ask, system: "Be brief." });
  assert.deepEqual({ ...answer }, message);
  assert.equal(upstream.calls[0].body, JSON.stringify({ model: "claude-x", ...ask, system: "Be brief." }));
  assert.equal(upstream.calls[0].headers["x-api-key"], providerKey);
  assert.ok(upstream.calls[0].headers["anthropic-version"]);
});

test("a stream of its own dialect arrives as it was", async () => {
  upstream.script = (call) => upstream.messages(call, events);
  const got = [];
  for await (const event of await client.messages.create({ model: "claude/claude-x", ...ask, stream: true })) got.push(event);
  assert.deepEqual(got, events.filter((event) => event.type !== "ping"));
});

test("a message is answered by an OpenAI server", async () => {
  upstream.script = (call) => upstream.plain(call, {
    body: completion("four", { tool_calls: [{ id: "call_1", type: "function", function: { name: "add", arguments: '{"a":2}' } }] }),
  });
  const answer = await client.messages.create({
    model: "chat/gpt-x", ...ask, system: [{ type: "text", text: "Be brief." }],
    tools: [{ name: "add", description: "adds", input_schema: { type: "object", properties: {} } }],
    tool_choice: { type: "any" }, stop_sequences: ["END"],
  });
  assert.deepEqual(answer.content, [{ type: "text", text: "four" }, { type: "tool_use", id: "call_1", name: "add", input: { a: 2 } }]);
  assert.equal(answer.stop_reason, "tool_use");
  assert.equal(answer.usage.input_tokens, 18);
  assert.deepEqual(upstream.calls[0].json, {
    model: "gpt-x", max_tokens: 300, stop: ["END"], tool_choice: "required",
    messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "2+2?" }],
    tools: [{ type: "function", function: { name: "add", description: "adds", parameters: { type: "object", properties: {} } } }],
  });
});

test("the stream helper puts an OpenAI server's answer together", async () => {
  const call = (index, more) => ({ tool_calls: [{ index, ...more }] });
  const usage = { prompt_tokens: 40, completion_tokens: 18, prompt_tokens_details: { cached_tokens: 30 } };
  upstream.script = (request) => upstream.stream(request, [
    chunk({ role: "assistant", content: "Checking." }),
    chunk(call(0, { id: "call_a", type: "function", function: { name: "weather", arguments: "" } })),
    chunk(call(0, { function: { arguments: '{"city":' } })), chunk(call(0, { function: { arguments: '"Oslo"}' } })),
    chunk(call(1, { id: "call_b", type: "function", function: { name: "time", arguments: "{}" } })),
    chunk({}, "tool_calls"), { ...chunk({}), choices: [], usage },
  ]);
  const answer = await client.messages.stream({ model: "chat/gpt-x", ...ask }).finalMessage();
  assert.deepEqual(answer.content, [
    { type: "text", text: "Checking." },
    { type: "tool_use", id: "call_a", name: "weather", input: { city: "Oslo" } },
    { type: "tool_use", id: "call_b", name: "time", input: {} },
  ]);
  assert.equal(answer.stop_reason, "tool_use");
  assert.equal(answer.usage.input_tokens, 10);
  assert.equal(answer.usage.cache_read_input_tokens, 30);
  assert.deepEqual(upstream.calls[0].json.stream_options, { include_usage: true });
});

test("an OpenAI client is answered by an Anthropic server, and its thought comes home", async () => {
  upstream.script = (call) => upstream.messages(call, events);
  const stream = openai.chat.completions.stream({ model: "claude/claude-x", messages, stream_options: { include_usage: true } });
  const answer = await stream.finalChatCompletion();
  const [choice] = answer.choices;
  assert.equal(choice.finish_reason, "tool_calls");
  assert.equal(choice.message.tool_calls[0].function.arguments, '{"a":2,"b":2}');
  assert.equal(answer.usage.prompt_tokens, 12);
  assert.equal(answer.usage.prompt_tokens_details.cached_tokens, 3);

  upstream.script = (call) => upstream.plain(call, { body: message });
  const plain = await openai.chat.completions.create({ model: "claude/claude-x", messages });
  assert.equal(plain.choices[0].message.content, "four");
  await openai.chat.completions.create({ model: "claude/claude-x", messages: [...messages, plain.choices[0].message, ...messages] });
  assert.deepEqual(upstream.calls.at(-1).json.messages[1].content, message.content);
});

test("a stream that breaks is an error, never a clean finish", async () => {
  for (const model of ["claude/claude-x", "chat/gpt-x"]) {
    upstream.script = (call) => {
      if (model.startsWith("claude")) {
        upstream.messages(call, events.slice(0, 8));
      } else {
        upstream.open(call)(chunk({ content: "fo" }));
        call.response.end();
      }
    };
    const stream = client.messages.stream({ model, ...ask });
    await assert.rejects(stream.finalMessage(), /before the answer was complete/);
  }
});

test("errors come in the client's own shape", async () => {
  await assert.rejects(client.messages.create({ model: "nowhere", ...ask }), (error) => {
    assert.ok(error instanceof Anthropic.BadRequestError);
    assert.equal(error.error.type, "error");
    return error.error.error.type === "invalid_request_error";
  });
  upstream.script = (call) => upstream.plain(call, {
    status: 429, headers: { "retry-after": "7" }, body: { error: { message: "slow down", type: "rate_limit_error", code: "rate_limit_exceeded" } },
  });
  await assert.rejects(client.messages.create({ model: "chat/gpt-x", ...ask }), (error) => {
    assert.ok(error instanceof Anthropic.RateLimitError);
    assert.equal(error.headers.get("retry-after"), "7");
    return /slow down/.test(error.message);
  });
  const wrong = { model: "chat/gpt-x", max_tokens: 5, messages: [{ role: "user", content: [{ type: "image", source: {} }] }] };
  await assert.rejects(client.messages.create(wrong), /messages\[0\]\.content\[0\]\.source\.type: is missing/);
  const other = new Anthropic({ baseURL: gateway.urls[0], apiKey: "sk-unknown", maxRetries: 0 });
  await assert.rejects(other.messages.create({ model: "demo/echo", ...ask }), Anthropic.AuthenticationError);
});

test("a client that leaves cancels the upstream", async () => {
  upstream.script = (call) => upstream.open(call)(chunk({ content: "a" }));
  const stream = client.messages.stream({ model: "chat/gpt-x", ...ask });
  await new Promise((done) => stream.once("text", done));
  const ended = assert.rejects(stream.done(), Anthropic.APIUserAbortError);
  stream.abort();
  await ended;
  await until(() => upstream.calls[0].leftAt, "cancellation");
});

test("the demo answers", async () => {
  const answer = await client.messages.create({ model: "demo/echo", ...ask });
  assert.deepEqual(answer.content, [{ type: "text", text: "2+2?" }]);
});
