// What a pair of library and server cannot say, each with its reason and what happens instead, which
// the run checks; it also checks that the feature fails there, so no entry outlives its reason.
import assert from "node:assert/strict";
import { counted, forced, signedTurn, stopped, thinking } from "./features.mjs";
import { question } from "./words.mjs";

// The conversation goes on without the proof, and the thought is not taken for text.
const unsigned = (isCall) => (t) => signedTurn(t, isCall, "");
const unseen = (t) => thinking(t, "");

async function refusedCall(t) {
  const failure = await t.failing(() => t.chat(forced));
  assert.deepEqual([failure.status, failure.kind], [400, "bad_request"]);
  assert.match(failure.message, /tool_choice|toolConfig/);
  assert.equal(t.script.calls.length, 0);
}

async function unforcedCall(t) {
  t.answers({ text: ["No."] });
  await t.chat(forced);
  assert.equal(t.asked(0).isForced, false);
}

async function noStopSequences(t) {
  t.answers({ text: ["four"] });
  const { dropped } = await t.chat({ turns: question, stop: ["END"] });
  assert.deepEqual(t.asked(0).stop, []);
  return dropped;
}
const droppedStop = async (t) => assert.match((await noStopSequences(t)).join(), /stop/i);

async function hiddenWait(t) {
  t.answers({ fails: "rate_limit" });
  assert.equal((await t.failing(() => t.chat({ turns: question }))).wait, "7");
}

const ofDialect = (dialect) => (driver) => driver.dialect === dialect;
const named =
  (...names) =>
  (driver) =>
    names.includes(driver.name);
const any = () => true;

const list = [
  // What the library or its dialect cannot say.
  [
    "forced_call",
    ofDialect("ollama"),
    any,
    "Ollama's dialect has no word for a tool that must be called.",
    unforcedCall,
  ],
  ["cached_usage", ofDialect("ollama"), any, "Ollama's dialect has no count of cached tokens.", (t) => counted(t, 0)],
  [
    "stop_filter",
    ofDialect("ollama"),
    any,
    "Ollama's dialect has no reason for a filtered answer: it ends as any other.",
    (t) => stopped(t, "filter", "end"),
  ],
  ["signature", ofDialect("ollama"), any, "Ollama's dialect has no place for a signature.", unsigned(false)],
  ["call_signature", ofDialect("ollama"), any, "Ollama's dialect has no place for a signature.", unsigned(true)],
  [
    "stop_sequences",
    ofDialect("responses"),
    any,
    "Responses has no stop sequences, so the library has no argument for them.",
    noStopSequences,
  ],
  ["reasoning", named("ai-openai"), any, "`@ai-sdk/openai` reads no reasoning from Chat Completions.", unseen],
  [
    "signature",
    named("ai-openai"),
    any,
    "`@ai-sdk/openai` reads no reasoning from Chat Completions, and so returns none.",
    unsigned(false),
  ],
  [
    "call_signature",
    named("ai-openai"),
    any,
    "`@ai-sdk/openai` reads no reasoning from Chat Completions, and so returns none.",
    unsigned(true),
  ],
  [
    "retry_after",
    named("google", "ollama"),
    any,
    "The library does not show headers; `retry-after` comes all the same.",
    hiddenWait,
  ],
  // What the server's dialect cannot say.
  ["forced_call", any, "ollama", "Ollama cannot be made to call a tool: 400 `unsupported_value`.", refusedCall],
  ["cached_usage", any, "ollama", "Ollama does not count cached tokens.", (t) => counted(t, 0)],
  ["stop_filter", any, "ollama", "Ollama has no reason for a filtered answer.", (t) => stopped(t, "filter", "end")],
  [
    "stop_sequences",
    any,
    "responses",
    "Responses has no stop sequences: `X-OmniRoute-Dropped` names them.",
    droppedStop,
  ],
  ["signature", any, "openai", "A Chat Completions server signs nothing.", unsigned(false)],
  ["call_signature", any, "openai", "A Chat Completions server signs nothing.", unsigned(true)],
  ["signature", any, "ollama", "Ollama signs nothing.", unsigned(false)],
  ["call_signature", any, "ollama", "Ollama signs nothing.", unsigned(true)],
  // The pair.
  [
    "reasoning",
    ofDialect("openai"),
    "responses",
    "Chat Completions asks for an effort and not for thoughts, and a Responses server shows none unasked.",
    unseen,
  ],
];

export function limitOf(driver, dialect, feature) {
  const found = list.find(
    ([name, client, server]) => name === feature && client(driver) && (server === any || server === dialect),
  );
  return found && { reason: found[3], instead: found[4] };
}
