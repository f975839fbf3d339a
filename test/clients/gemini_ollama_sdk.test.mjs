// Google's and Ollama's client libraries before a Chat Completions server, a server of their own
// dialect, and the demo.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { GoogleGenAI } from "@google/genai";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { chunk, clientKey, completion, Gateway, providerKey, Upstream } from "./gateway.mjs";

const contents = [{ role: "user", parts: [{ text: "2+2?" }] }];
const messages = [{ role: "user", content: "2+2?" }];
const call = { id: "call_1", type: "function", function: { name: "add", arguments: '{"a":2}' } };
let upstream, gateway, gemini, ollama, openai;

before(async () => {
  upstream = await new Upstream().start();
  const root = upstream.url.replace("/v1", "");
  const provider = (id, dialect, base_url, auth) => ({ id, dialect, base_url, auth, accounts: [{ name: "main", api_key: providerKey }] });
  gateway = await new Gateway().start({
    listeners: [{ name: "main", address: "127.0.0.1:0" }],
    providers: [provider("chat", "openai", upstream.url, "bearer"), provider("google", "gemini", `${root}/v1beta`, "x-goog-api-key"),
      provider("local", "ollama", root, "bearer"), { id: "demo", type: "demo" }],
    keys: [{ name: "sdk", key: clientKey }],
    settings: { require_api_key: true },
  });
  const [url] = gateway.urls;
  gemini = new GoogleGenAI({ apiKey: clientKey, httpOptions: { baseUrl: url } });
  ollama = new Ollama({ host: url, headers: { authorization: `Bearer ${clientKey}` } });
  openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: clientKey, maxRetries: 0 });
});

after(async () => {
  assert.equal(await gateway.stop(), 0);
  upstream.close();
  assert.ok(!gateway.log.includes("canary"), "a key stands in the log");
});

beforeEach(() => {
  upstream.calls = [];
});

const part = (parts, more = {}) => ({ candidates: [{ content: { role: "model", parts }, index: 0, ...more }], modelVersion: "g", responseId: "r1" });
const usageMetadata = { promptTokenCount: 18, candidatesTokenCount: 1, totalTokenCount: 19, cachedContentTokenCount: 4 };

test("Gemini's client gets a Chat Completions server's answer", async () => {
  upstream.script = (request) => upstream.plain(request, { body: completion("four", { tool_calls: [call] }) });
  const answer = await gemini.models.generateContent({
    model: "chat/gpt-x", contents,
    config: { systemInstruction: "Be brief.", maxOutputTokens: 99, temperature: 0,
      tools: [{ functionDeclarations: [{ name: "add", parametersJsonSchema: { type: "object", properties: {} } }] }] },
  });
  assert.equal(answer.text, "four");
  assert.deepEqual(answer.functionCalls.map(({ name, args }) => [name, args]), [["add", { a: 2 }]]);
  assert.equal(answer.usageMetadata.promptTokenCount, 18);
  const asked = upstream.calls[0].json;
  assert.deepEqual(asked.messages, [{ role: "system", content: "Be brief." }, { role: "user", content: "2+2?" }]);
  assert.equal(asked.tools[0].function.name, "add");
});

test("and its stream", async () => {
  upstream.script = (request) => upstream.stream(request, [chunk({ role: "assistant", content: "fo" }), chunk({ content: "ur" }), chunk({}, "stop")]);
  let text = "", last;
  for await (const piece of await gemini.models.generateContentStream({ model: "chat/gpt-x", contents })) {
    text += piece.text ?? "";
    last = piece;
  }
  assert.equal(text, "four");
  assert.equal(last.candidates[0].finishReason, "STOP");
});

test("an answer in Gemini's own dialect passes as it is", async () => {
  const body = { ...part([{ text: "four" }], { finishReason: "STOP", avgLogprobs: -0.5 }), usageMetadata };
  upstream.script = (request) => upstream.plain(request, { body });
  const answer = await gemini.models.generateContent({ model: "google/gemini-x", contents });
  assert.equal(answer.text, "four");
  assert.equal(answer.candidates[0].avgLogprobs, -0.5);
  assert.equal(upstream.calls[0].headers["x-goog-api-key"], providerKey);
});

test("a Chat Completions client before a Gemini server", async () => {
  upstream.script = (request) => {
    const send = upstream.open(request);
    send(part([{ text: "hm", thought: true }]));
    send(part([{ text: "four" }]));
    send({ ...part([{ functionCall: { name: "add", args: { a: 2 } }, thoughtSignature: "c2ln" }], { finishReason: "STOP" }), usageMetadata });
    request.response.end();
  };
  const stream = openai.chat.completions.stream({ model: "google/gemini-x", messages, stream_options: { include_usage: true } });
  const answer = await stream.finalChatCompletion();
  const [choice] = answer.choices;
  assert.equal(choice.message.content, "four");
  assert.equal(choice.message.tool_calls[0].function.arguments, '{"a":2}');
  assert.equal(choice.finish_reason, "tool_calls");
  assert.equal(answer.usage.prompt_tokens, 18);
  assert.equal(answer.usage.prompt_tokens_details.cached_tokens, 4);
});

test("Gemini's client gets errors in its own shape", async () => {
  await assert.rejects(gemini.models.generateContent({ model: "nowhere", contents }), (error) => {
    assert.equal(error.status, 400);
    return /INVALID_ARGUMENT/.test(error.message);
  });
});

test("a stream without alt=sse is one JSON array, and so is one that breaks", async () => {
  const read = async () => {
    const answer = await fetch(`${gateway.urls[0]}/v1beta/models/chat/gpt-x:streamGenerateContent`, {
      method: "POST", headers: { "x-goog-api-key": clientKey }, body: JSON.stringify({ contents }) });
    return JSON.parse(await answer.text());
  };
  upstream.script = (request) => upstream.stream(request, [chunk({ role: "assistant", content: "fo" }), chunk({ content: "ur" }), chunk({}, "stop")]);
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

test("Ollama's client gets a Chat Completions server's answer", async () => {
  upstream.script = (request) => upstream.plain(request, { body: completion("four", { tool_calls: [call] }) });
  const answer = await ollama.chat({ model: "chat/gpt-x", messages, options: { num_predict: 99, temperature: 0 } });
  assert.equal(answer.message.content, "four");
  const [made] = answer.message.tool_calls;
  assert.deepEqual([made.function.name, made.function.arguments], ["add", { a: 2 }]);
  assert.equal(answer.prompt_eval_count, 18);
  assert.equal(upstream.calls[0].json.max_tokens, 99);
});

test("and its stream, with one last line", async () => {
  upstream.script = (request) => upstream.stream(request, [chunk({ role: "assistant", content: "fo" }), chunk({ content: "ur" }), chunk({}, "stop")]);
  let text = "", ends = 0;
  for await (const line of await ollama.chat({ model: "chat/gpt-x", messages, stream: true })) {
    text += line.message.content;
    ends += line.done ? 1 : 0;
  }
  assert.deepEqual([text, ends], ["four", 1]);
});

test("a Chat Completions client before an Ollama server", async () => {
  upstream.script = (request) => {
    request.response.writeHead(200, { "content-type": "application/x-ndjson" });
    const line = (content, more = {}) => request.response.write(
      `${JSON.stringify({ model: "m", created_at: "2026-01-01T00:00:00Z", message: { role: "assistant", content }, done: false, ...more })}\n`);
    line("fo");
    line("ur");
    line("", { done: true, done_reason: "stop", prompt_eval_count: 5, eval_count: 2 });
    request.response.end();
  };
  const stream = openai.chat.completions.stream({ model: "local/llama", messages, stream_options: { include_usage: true } });
  const answer = await stream.finalChatCompletion();
  assert.equal(answer.choices[0].message.content, "four");
  assert.equal(answer.usage.completion_tokens, 2);
});

test("a stream that breaks is an error for either", async () => {
  upstream.script = (request) => {
    upstream.open(request)(chunk({ content: "fo" }));
    request.response.end();
  };
  await assert.rejects(async () => {
    for await (const line of await ollama.chat({ model: "chat/gpt-x", messages, stream: true })) assert.ok(!line.done);
  }, /before the answer was complete/);
  await assert.rejects(async () => {
    for await (const piece of await gemini.models.generateContentStream({ model: "chat/gpt-x", contents }))
      assert.ok(!piece.candidates?.[0].finishReason);
  }, /before the answer was complete/);
});

test("the demo answers both", async () => {
  assert.equal((await gemini.models.generateContent({ model: "demo/echo", contents })).text, "2+2?");
  assert.equal((await ollama.chat({ model: "demo/echo", messages })).message.content, "2+2?");
});
