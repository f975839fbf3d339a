// What the libraries see of the gateway itself, beside what matrix/ tests of every pair: their own
// dialect passes as it is, its refusals have the dialect's shape, and the demo speaks it.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { chunk, clientKey, Gateway, providerKey, Upstream } from "./gateway.mjs";

const messages = [{ role: "user", content: "2+2?" }];
const contents = [{ role: "user", parts: [{ text: "2+2?" }] }];
const ask = { max_tokens: 300, messages };
let upstream, gateway, anthropic, openai, gemini, ollama;

before(async () => {
  upstream = await new Upstream().start();
  const root = upstream.url.replace("/v1", "");
  const provider = (id, dialect, base_url, auth = "bearer") => ({
    id,
    dialect,
    base_url,
    auth,
    accounts: [{ name: "main", api_key: providerKey }],
  });
  gateway = await new Gateway().start({
    listeners: [{ name: "main", address: "127.0.0.1:0" }],
    providers: [
      provider("chat", "openai", upstream.url),
      provider("claude", "anthropic", upstream.url, "x-api-key"),
      provider("own", "openai-responses", upstream.url),
      provider("google", "gemini", `${root}/v1beta`, "x-goog-api-key"),
      { id: "demo", type: "demo" },
    ],
    keys: [{ name: "sdk", key: clientKey }],
    settings: { require_api_key: true },
  });
  const [url] = gateway.urls;
  anthropic = new Anthropic({ baseURL: url, apiKey: clientKey, maxRetries: 0 });
  openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: clientKey, maxRetries: 0 });
  gemini = new GoogleGenAI({ apiKey: clientKey, httpOptions: { baseUrl: url } });
  ollama = new Ollama({ host: url, headers: { authorization: `Bearer ${clientKey}` } });
});

after(async () => {
  assert.equal(await gateway.stop(), 0);
  upstream.close();
  assert.ok(!gateway.log.includes("canary"), "a key stands in the log");
});

beforeEach(() => {
  upstream.calls = [];
});

const message = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-x",
  content: [{ type: "text", text: "four" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 9, output_tokens: 4 },
  x_unknown: 1,
};

test("a message is answered by its own dialect, byte for byte", async () => {
  upstream.script = (call) => upstream.plain(call, { body: message });
  const answer = await anthropic.messages.create({ model: "claude/claude-x", ...ask, x_mine: [1] });
  assert.deepEqual({ ...answer }, message);
  assert.equal(upstream.calls[0].body, JSON.stringify({ model: "claude-x", ...ask, x_mine: [1] }));
  assert.equal(upstream.calls[0].headers["x-api-key"], providerKey);
});

test("a message's stream of its own dialect arrives as it was", async () => {
  const events = [
    { type: "message_start", message: { ...message, content: [], stop_reason: null } },
    { type: "ping" },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "four" }, x_unknown: 2 },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 8 } },
    { type: "message_stop" },
  ];
  upstream.script = (call) => upstream.messages(call, events);
  const got = [];
  for await (const event of await anthropic.messages.create({ model: "claude/claude-x", ...ask, stream: true }))
    got.push(event);
  assert.deepEqual(
    got,
    events.filter(({ type }) => type !== "ping"),
  );
});

test("a response of its own dialect passes byte for byte", async () => {
  const input = messages;
  const body = {
    id: "resp_1",
    object: "response",
    created_at: 1,
    status: "completed",
    model: "m",
    output: [
      {
        id: "msg_1",
        type: "message",
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text: "four", annotations: [] }],
      },
    ],
    usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
    x_unknown: 1,
  };
  upstream.script = (request) => upstream.plain(request, { body: { ...body, id: "resp_0" } });
  await openai.responses.create({ model: "own/m", input });
  upstream.script = (request) => upstream.plain(request, { body });
  const answer = await openai.responses.create({ model: "own/m", input, previous_response_id: "resp_0" });
  assert.equal(answer.x_unknown, 1);
  assert.equal(upstream.calls[1].body, JSON.stringify({ model: "m", input, previous_response_id: "resp_0" }));
});

test("an answer in Gemini's own dialect passes as it is", async () => {
  const body = {
    candidates: [
      { content: { role: "model", parts: [{ text: "four" }] }, index: 0, finishReason: "STOP", avgLogprobs: -0.5 },
    ],
  };
  upstream.script = (request) => upstream.plain(request, { body });
  const answer = await gemini.models.generateContent({ model: "google/gemini-x", contents });
  assert.deepEqual([answer.text, answer.candidates[0].avgLogprobs], ["four", -0.5]);
});

test("Gemini's stream without alt=sse is one JSON array, and so is one that breaks", async () => {
  const read = async () => {
    const answer = await fetch(`${gateway.urls[0]}/v1beta/models/chat/gpt-x:streamGenerateContent`, {
      method: "POST",
      headers: { "x-goog-api-key": clientKey },
      body: JSON.stringify({ contents }),
    });
    return JSON.parse(await answer.text());
  };
  upstream.script = (request) =>
    upstream.stream(request, [
      chunk({ role: "assistant", content: "fo" }),
      chunk({ content: "ur" }),
      chunk({}, "stop"),
    ]);
  const whole = await read();
  assert.equal(whole.map((piece) => piece.candidates[0].content?.parts?.[0]?.text ?? "").join(""), "four");
  assert.equal(whole.at(-1).candidates[0].finishReason, "STOP");
  upstream.script = (request) => {
    upstream.open(request)(chunk({ content: "fo" }));
    request.response.end();
  };
  const broken = await read();
  assert.match(broken.at(-1).error.message, /before the answer was complete/);
});

test("a model that nobody knows is refused in the client's own shape", async () => {
  await assert.rejects(anthropic.messages.create({ model: "nowhere", ...ask }), (error) => {
    assert.ok(error instanceof Anthropic.BadRequestError);
    return error.error.type === "error" && error.error.error.type === "invalid_request_error";
  });
  await assert.rejects(
    gemini.models.generateContent({ model: "nowhere", contents }),
    (error) => error.status === 400 && /INVALID_ARGUMENT/.test(error.message),
  );
  await assert.rejects(
    ollama.chat({ model: "nowhere", messages }),
    (error) => error.status_code === 400 && /nowhere/.test(error.error),
  );
});

test("a wrong request is told which field is wrong", async () => {
  const wrong = {
    model: "chat/gpt-x",
    max_tokens: 5,
    messages: [{ role: "user", content: [{ type: "image", source: {} }] }],
  };
  await assert.rejects(anthropic.messages.create(wrong), /messages\[0\]\.content\[0\]\.source\.type: is missing/);
  await assert.rejects(
    openai.responses.create({ model: "chat/gpt-x", input: [{ type: "function_call", name: "f" }] }),
    /input\[0\]\.call_id: is missing/,
  );
});

test("a wrong key is refused", async () => {
  const other = new Anthropic({ baseURL: gateway.urls[0], apiKey: "sk-unknown", maxRetries: 0 });
  await assert.rejects(other.messages.create({ model: "demo/echo", ...ask }), Anthropic.AuthenticationError);
});

test("the demo answers in every dialect", async () => {
  const answer = await anthropic.messages.create({ model: "demo/echo", ...ask });
  assert.deepEqual(answer.content, [{ type: "text", text: "2+2?" }]);
  assert.equal((await openai.responses.create({ model: "demo/echo", input: "2+2?" })).output_text, "2+2?");
  assert.equal((await gemini.models.generateContent({ model: "demo/echo", contents })).text, "2+2?");
  assert.equal((await ollama.chat({ model: "demo/echo", messages })).message.content, "2+2?");
});
