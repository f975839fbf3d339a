// Responses that are kept: read, continued, listed, deleted; and those that are made in the background.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { four } from "../words.mjs";
import { every, method } from "./method.mjs";

// A provider of this dialect keeps them itself.
const elsewhere = every.filter((dialect) => dialect !== "responses");

async function conversation(t) {
  t.answers(four);
  const first = await t.client.respond({ model: t.model, text: "2+2?" });
  assert.deepEqual([first.text, first.status], ["four", "completed"]);
  assert.deepEqual(await t.client.readResponse({ id: first.id }), first);
  t.answers({ ...four, text: ["ei", "ght"] });
  const second = await t.client.respond({ model: t.model, text: "times 2?", previous: first.id });
  assert.equal(second.text, "eight");
  assert.deepEqual(
    t.asked(-1).turns.map(({ role, text }) => [role, text]),
    [
      ["user", "2+2?"],
      ["assistant", "four"],
      ["user", "times 2?"],
    ],
  );
  const told = await t.client.listItems({ id: second.id });
  assert.deepEqual(told, ["2+2?", "four", "times 2?"]);
  await t.client.deleteResponse({ id: first.id });
  const gone = await t.failing(() => t.client.readResponse({ id: first.id }));
  assert.deepEqual([gone.status, gone.kind], [404, "not_found"]);
  t.answers(four);
  assert.equal((await t.client.respond({ model: t.model, text: "and?", previous: second.id })).text, "four");
}

async function ended(t, id) {
  for (let waits = 0; waits < 200; waits += 1) {
    const now = await t.client.readResponse({ id });
    if (now.status !== "queued" && now.status !== "in_progress") return now;
    await sleep(20);
  }
  throw new Error(`${id} does not end`);
}

async function background(t) {
  t.answers(four);
  const begun = await t.client.respond({ model: t.model, text: "2+2?", background: true });
  assert.equal(begun.status, "queued");
  const done = await ended(t, begun.id);
  assert.deepEqual([done.id, done.status, done.text], [begun.id, "completed", "four"]);
  const events = await t.client.resume({ id: begun.id });
  assert.deepEqual([events[0], events.at(-1)], ["response.created", "response.completed"]);
  assert.deepEqual(await t.client.resume({ id: begun.id, after: 2 }), events.slice(3));
  assert.equal((await t.client.cancelResponse({ id: begun.id })).status, "completed");
}

export const kept = (names) => [
  method("kept", `${names.create}, ${names.retrieve}, ${names.delete}, ${names.items}`, elsewhere, conversation),
  method("background", `${names.create} in the background, ${names.cancel}`, elsewhere, background),
];
