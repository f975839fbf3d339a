// The openai SDK in front of a server of its own dialect: what matrix/ does not test of every pair.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import OpenAI from "openai";
import { chunk, clientKey, completion, Gateway, providerKey, slow, until, Upstream } from "./gateway.mjs";

const messages = [{ role: "user", content: "2+2?" }];
let upstream, gateway, client;

before(async () => {
  upstream = await new Upstream().start();
  gateway = await new Gateway().start({
    listeners: [{ name: "main", address: "127.0.0.1:0" }],
    providers: [
      { id: "up", dialect: "openai", base_url: upstream.url, accounts: [{ name: "main", api_key: providerKey }],
        models: [{ id: "m", context: 1000 }] },
      { id: "demo", type: "demo" },
    ],
    aliases: { fast: "up/m" },
    keys: [{ name: "sdk", key: clientKey }],
    settings: { require_api_key: true },
    // A longer wait is the client's own.
    resilience: { wait_for_cooldown: { max_wait: "5s" } },
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
  upstream.script = (call) => upstream.plain(call, {});
});

test("a chat is answered", async () => {
  const answer = await client.chat.completions.create({ model: "up/m", messages, temperature: 0 });
  assert.deepEqual({ ...answer }, completion("four"));
  assert.equal(upstream.calls[0].body, JSON.stringify({ model: "m", messages, temperature: 0 }));
  assert.equal(upstream.calls[0].headers.authorization, `Bearer ${providerKey}`);
  assert.ok(answer._request_id);
});

test("a stream arrives chunk by chunk", async () => {
  const chunks = [chunk({ role: "assistant", content: "" }), chunk({ content: "fo" }), chunk({ content: "ur" }), chunk({}, "stop")];
  upstream.script = (call) => upstream.stream(call, chunks);
  const got = [];
  for await (const part of await client.chat.completions.create({ model: "fast", messages, stream: true })) got.push(part);
  assert.deepEqual(got, chunks);
});

test("leaving a stream reaches the provider", async () => {
  upstream.script = (call) => upstream.open(call)(chunk({ content: "4" }));
  const stream = await client.chat.completions.create({ model: "up/m", messages, stream: true });
  for await (const part of stream) {
    assert.ok(part);
    break;
  }
  const left = Date.now();
  stream.controller.abort();
  await until(() => upstream.calls[0].leftAt, "upstream request cancelled");
  assert.ok(upstream.calls[0].leftAt - left < 500 * slow);
});

test("leaving a waiting request reaches the provider", async () => {
  upstream.script = () => {};
  const controller = new AbortController();
  const waiting = client.chat.completions.create({ model: "up/m", messages }, { signal: controller.signal });
  await until(() => upstream.calls.length, "request");
  controller.abort();
  await assert.rejects(waiting, OpenAI.APIUserAbortError);
  await until(() => upstream.calls[0].leftAt, "upstream request cancelled");
});

test("a wrong key is an AuthenticationError", async () => {
  const stranger = new OpenAI({ baseURL: client.baseURL, apiKey: "sk-wrong", maxRetries: 0 });
  await assert.rejects(stranger.chat.completions.create({ model: "up/m", messages }), (error) => {
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.equal(error.code, "invalid_api_key");
    return true;
  });
  assert.equal(upstream.calls.length, 0);
});

test("a wrong request is a BadRequestError", async () => {
  for (const [body, pattern] of [[{ model: "up/m", messages, temperature: 9 }, /temperature: must be between 0 and 2/],
    [{ model: "nothing-like-it", messages }, /nothing-like-it/]]) {
    await assert.rejects(client.chat.completions.create(body), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError, error);
      assert.match(error.message, pattern);
      return true;
    });
  }
});

// Nothing is held against the provider any more.
async function forgetFailures() {
  const answer = await fetch(new URL("/api/resilience/reset", client.baseURL), { method: "POST" });
  assert.equal(answer.status, 200);
}

test("the provider's errors keep their class, code and wait", async () => {
  const classes = [[401, OpenAI.AuthenticationError], [403, OpenAI.PermissionDeniedError], [404, OpenAI.NotFoundError],
    [422, OpenAI.UnprocessableEntityError], [429, OpenAI.RateLimitError], [500, OpenAI.InternalServerError], [503, OpenAI.InternalServerError]];
  for (const [status, kind] of classes) {
    upstream.script = (call) => upstream.plain(call, {
      status, headers: { "retry-after": "9" }, body: { error: { message: "no luck", type: "some_type", code: "some_code", param: null } } });
    for (const stream of [false, true]) {
      await forgetFailures();
      await assert.rejects(client.chat.completions.create({ model: "up/m", messages, stream }), (error) => {
        assert.ok(error instanceof kind, `${status}: ${error}`);
        assert.deepEqual([error.status, error.code, error.type, error.headers.get("retry-after")], [status, "some_code", "some_type", "9"]);
        assert.match(error.message, /no luck/);
        return true;
      });
    }
  }
});

test("a retry waits as long as the provider says", async () => {
  await forgetFailures();
  const patient = new OpenAI({ baseURL: client.baseURL, apiKey: clientKey, maxRetries: 1 });
  const times = [];
  upstream.script = (call) => {
    times.push(Date.now());
    if (times.length > 1) return upstream.plain(call, {});
    upstream.plain(call, { status: 429, headers: { "retry-after": "1" }, body: { error: { message: "slow down" } } });
  };
  assert.equal((await patient.chat.completions.create({ model: "up/m", messages })).choices[0].message.content, "four");
  assert.ok(times[1] - times[0] >= 950, `${times[1] - times[0]} ms`);
});

test("models can be listed and looked up", async () => {
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.ok(["up/m", "fast", "demo/echo"].every((id) => ids.includes(id)), ids.join());
  assert.equal((await client.models.retrieve("up/m")).id, "up/m");
  await assert.rejects(client.models.retrieve("nothing"), OpenAI.NotFoundError);
});

test("the demo provider answers and streams", async () => {
  const asked = [{ role: "user", content: "say this again" }];
  const answer = await client.chat.completions.create({ model: "demo/echo", messages: asked });
  assert.equal(answer.choices[0].message.content, "say this again");
  let text = "";
  for await (const part of await client.chat.completions.create({ model: "demo/echo", messages: asked, stream: true }))
    text += part.choices[0]?.delta.content ?? "";
  assert.equal(text, "say this again");
});

test("fifty streams at once come through", async () => {
  upstream.script = (call) => upstream.stream(call, [...Array(30).keys()].map((i) => chunk({ content: `${i} ` })).concat(chunk({}, "stop")));
  const texts = await Promise.all([...Array(50)].map(async () => {
    let text = "";
    for await (const part of await client.chat.completions.create({ model: "up/m", messages, stream: true }))
      text += part.choices[0]?.delta.content ?? "";
    return text;
  }));
  assert.equal(new Set(texts).size, 1);
  assert.ok(texts[0].endsWith("29 "));
});
