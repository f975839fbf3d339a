// Counting tokens: some providers do, for others there is an estimate that says it is one.
import assert from "node:assert/strict";
import { every, limitsAt, method } from "./method.mjs";

const text = "2+2?";
// What fills a context beside the talk, where the library counts it.
export const more = {
  system: "Be brief.",
  tool: {
    name: "weather",
    description: "The weather of a city",
    schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
  thinks: true,
};
const counting = ["anthropic", "gemini", "responses"];

const counted = (asks) => async (t) => {
  for (const ask of asks) {
    t.answers({ tokens: 57 });
    t.answers({ tokens: 5700 });
    const short = await t.client.count({ ...ask, model: t.model, text });
    const long = await t.client.count({ ...ask, model: t.model, text: text.repeat(100) });
    assert.ok(0 < short.tokens && short.tokens < long.tokens, `${short.tokens} and ${long.tokens}`);
  }
};

const providersCount = (asks) => async (t) => {
  for (const ask of asks) {
    t.answers({ tokens: 1234 });
    assert.deepEqual(await t.client.count({ ...ask, model: t.model, text }), { tokens: 1234, isEstimate: false });
    const asked = t.asked(-1);
    assert.deepEqual(
      asked.turns.map((turn) => [turn.role, turn.text]),
      [["user", text]],
    );
    assert.deepEqual([asked.system, asked.thinks], [ask.system ?? "", ask.thinks ?? false]);
    assert.deepEqual(
      asked.tools.map(({ name }) => name),
      ask.tool ? [ask.tool.name] : [],
    );
  }
  // An estimate would hide what the provider says.
  for (const kind of ["rate_limit", "not_found"]) {
    t.answers({ fails: kind });
    const failure = await t.failing(() => t.client.count({ model: t.model, text }));
    assert.deepEqual([failure.status, failure.kind], [t.error(kind).status, kind]);
  }
};

const estimate = (asks) => async (t) => {
  for (const ask of asks) {
    const { tokens, isEstimate } = await t.client.count({ ...ask, model: t.model, text });
    assert.ok(tokens > 0 && isEstimate);
  }
  assert.equal(t.script.calls.length, 0);
};

const estimated = (asks) => ({
  reason: "Only Anthropic's, Gemini's and OpenAI's servers are asked to count. For others it is an estimate, and says so.",
  instead: estimate(asks),
});

export const counts = (title, asks = [{}]) => [
  method("count", title, every, counted(asks)),
  method(
    "own_count",
    `${title}: the provider's number`,
    every,
    providersCount(asks),
    limitsAt(
      every.filter((dialect) => !counting.includes(dialect)),
      estimated(asks),
    ),
  ),
];
