// Embeddings: the numbers that a provider gives for texts.
import assert from "node:assert/strict";
import { every, limitsAt, method } from "./method.mjs";

const pair = ["2+2?", "3+3?"];
// No float rounds them.
const vectors = [
  [0.25, -0.5],
  [1, 0.125],
];

const fails = async (t, ask) => {
  t.answers({ fails: "not_found" });
  const failure = await t.failing(() => t.client.embed({ ...ask, model: t.model, texts: pair.slice(0, 1) }));
  assert.deepEqual([failure.status, failure.kind], [404, "not_found"]);
};

// `tells`: the library shows how many tokens the texts had.
const embedded =
  (asks, { tells, dimensions }) =>
  async (t) => {
    for (const ask of asks)
      for (const count of ask.isOlder ? [1] : [1, 2]) {
        const texts = pair.slice(0, count);
        t.answers({ vectors: vectors.slice(0, count), tokens: 6 });
        assert.deepEqual(await t.client.embed({ ...ask, model: t.model, texts, dimensions }), {
          vectors: vectors.slice(0, count),
          ...(tells && { tokens: 6 }),
        });
        assert.deepEqual(t.asked(-1), { texts, dimensions });
      }
    await fails(t, asks[0]);
  };

const nothing = async (t) => {
  const failure = await t.failing(() => t.client.embed({ model: t.model, texts: pair }));
  assert.deepEqual([failure.status, failure.kind], [400, "bad_request"]);
  assert.match(failure.message, /has no embeddings/);
};

const none = limitsAt(["anthropic"], {
  reason: "Anthropic has no embeddings: 400 `no_embeddings`.",
  instead: nothing,
});

// `options`: {tells, dimensions}, where the method has a word for the latter.
export const embeddings = (name, title, options, asks = [{}]) =>
  method(name, title, every, embedded(asks, options), none);

const tokens = [
  [17, 10],
  [18, 10],
];

async function told(t) {
  t.answers({ vectors, tokens: 4 });
  assert.deepEqual(await t.client.embed({ model: t.model, texts: tokens }), { vectors, tokens: 4 });
  assert.deepEqual(t.asked(-1), { tokens });
}

async function refused(t) {
  const failure = await t.failing(() => t.client.embed({ model: t.model, texts: tokens }));
  assert.deepEqual([failure.status, failure.kind], [400, "bad_request"]);
  assert.match(failure.message, /input: .* token ids/);
  assert.equal(t.script.calls.length, 0);
}

export const tokenIds = (title) =>
  method("embed_tokens", title, every, told, {
    ...none,
    ...limitsAt(["gemini", "ollama"], {
      reason: "Only OpenAI's dialects know these token ids: 400 `unsupported_value`.",
      instead: refused,
    }),
  });
