// Listings and models, from one configuration that says all that they can show.
import assert from "node:assert/strict";
import { canary } from "../canary.mjs";
import { any, every, method } from "./method.mjs";

const shown = { title: "Canary", context: 200000, maxOutput: 64000 };
const alias = "newest";

// A hidden model stands in no listing.
export const models = [
  { id: canary, name: shown.title, context: shown.context, max_output: shown.maxOutput },
  { id: "hidden", hidden: true },
];
export const aliases = { [alias]: `anthropic/${canary}` };

// In pages of two the last one is full, too.
const tasks = ["coding", "reasoning", "vision", "chat", "multimodal"];
const builtIn = ["auto", ...["fast", "cheap", "offline", "smart", "lkgp", "chaos", ...tasks].map((each) => `auto/${each}`)];
const ids = [...every.map((provider) => `${provider}/${canary}`), alias, ...builtIn];
const pageSize = 2;

const pick = (keys) => Object.fromEntries(keys.map((key) => [key, shown[key]]));

// `keys`: what the library shows of a model besides its id.
export const listed = (title, { keys = [], isPaged = false, asks = [{}] }) =>
  method("list", title, [any], async (t) => {
    for (const ask of asks) {
      const { first, models: found } = await t.client.list(isPaged ? { ...ask, pageSize } : ask);
      assert.deepEqual(
        found,
        ids.map((id) => ({ id, ...pick(keys) })),
      );
      assert.equal(first, isPaged ? pageSize : ids.length);
    }
  });

// A page ends where the one behind it begins, and the library asks for the nearest first.
export const listedBackwards = (title, { keys }) =>
  method("list_before", title, [any], async (t) => {
    const { first, models: found } = await t.client.list({ pageSize, before: alias });
    assert.equal(first, pageSize);
    assert.deepEqual(
      found,
      [3, 4, 1, 2, 0].map((i) => ({ id: ids[i], ...pick(keys) })),
    );
  });

export const retrieved = (title, { keys, asks = [{}], showsId = true }) =>
  method("retrieve", title, [any], async (t) => {
    for (const ask of asks) {
      for (const id of [ids[0], alias])
        assert.deepEqual(await t.client.retrieve({ ...ask, model: id }), { ...(showsId && { id }), ...pick(keys) });
      const failure = await t.failing(() => t.client.retrieve({ ...ask, model: "nowhere" }));
      assert.deepEqual([failure.status, failure.kind], [404, "not_found"]);
      assert.match(failure.message, /nowhere/);
    }
  });
