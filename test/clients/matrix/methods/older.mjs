// The older ways to ask, before there were chats: a prompt and what follows it.
import assert from "node:assert/strict";
import { four } from "../words.mjs";
import { every, limitsAt, method } from "./method.mjs";

const prompt = "2+2?";

// `system`: the method has a word for it.
const completed = (operation, system) => async (t) => {
  const ask = { model: t.model, prompt, maxTokens: 300, system };
  for (const stop of ["end", "length"]) {
    t.answers({ ...four, stop, usage: { input: 40, output: 7 } });
    const { text, finish, usage, pieces } = await t.client[operation](ask);
    assert.deepEqual([text, finish], ["four", stop === "end" ? "stop" : "length"]);
    assert.deepEqual(usage, { input: 40, output: 7 });
    const isStream = operation === "completeStream";
    assert.equal(pieces ?? undefined, isStream ? 2 : undefined);
    const asked = t.asked(-1);
    assert.deepEqual([asked.stream, asked.maxTokens, asked.system], [isStream, 300, system ?? ""]);
    assert.deepEqual(
      asked.turns.map((turn) => [turn.role, turn.text]),
      [["user", prompt]],
    );
  }
  t.answers({ fails: "rate_limit" });
  const failure = await t.failing(() => t.client[operation](ask));
  assert.deepEqual([failure.status, failure.kind], [429, "rate_limit"]);
};

export const older = (title, { system } = {}) => [
  method("complete", title, every, completed("complete", system)),
  method("complete_stream", `${title}, streamed`, every, completed("completeStream", system)),
];

const unsayable = (words) => async (t) => {
  for (const [key, value] of words) {
    t.answers(four);
    assert.equal((await t.client.complete({ model: t.model, prompt, more: { [key]: value } })).text, "four");
    assert.deepEqual(t.asked(-1).more[key], value);
  }
};

const refused = (words) => async (t) => {
  for (const [key, value] of words) {
    const failure = await t.failing(() => t.client.complete({ model: t.model, prompt, more: { [key]: value } }));
    assert.deepEqual([failure.status, failure.kind], [400, "bad_request"]);
    assert.match(failure.message, new RegExp(`\\b${key}\\b`));
  }
  assert.equal(t.script.calls.length, 0);
};

// `words`: [member of the request, value]; `at`: providers with the same endpoint.
export const wordsOfNoChat = (title, words, at = []) =>
  method(
    "no_chat",
    title,
    every,
    unsayable(words),
    limitsAt(
      every.filter((dialect) => !at.includes(dialect)),
      { reason: "A chat model has no such thing: 400, which names the field.", instead: refused(words) },
    ),
  );
