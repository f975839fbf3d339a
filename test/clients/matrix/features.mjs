// What every client library must be able to do in front of every server. A feature is {name, title,
// run(t)}, and `t` a Cell (see cell.mjs): t.answers() says what the server will answer, t.chat() and
// t.stream() are the library's calls, t.asked(i) is what the server was asked, in neutral words.
import assert from "node:assert/strict";
import { failures } from "./failures.mjs";
import { feature, four, question } from "./words.mjs";

const object = (name) => ({ type: "object", properties: { [name]: { type: "string" } }, required: [name] });
const tools = [
  { name: "weather", description: "The weather of a city", schema: object("city") },
  { name: "time", description: "The time in a zone", schema: object("zone") },
];
const weather = { id: "call_w1", name: "weather", args: { city: "Oslo" } };
const time = { id: "call_t2", name: "time", args: { zone: "CET" } };
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const schema = {
  type: "object",
  properties: { answer: { type: "number" } },
  required: ["answer"],
  additionalProperties: false,
};
// Bytes that the two alphabets of Base64 write differently, as the image's are.
const proof = "8J+Zgi9+P7/+/w==";
const thought = { thought: "Two and two, well.", signature: proof };

const named = (calls) => calls.map(({ name, args }) => ({ name, args }));

// Turns without what a feature does not ask for.
function brief(turn) {
  if (turn.role === "tool") return { tool: turn.results.map(({ text }) => text) };
  if (turn.role === "user") return { user: turn.text };
  return { assistant: turn.text, ...(turn.calls.length && { calls: named(turn.calls) }) };
}
const turnsOf = (asked) => asked.turns.map(brief);

// The same of a plain answer and of a streamed one.
async function both(t, reply, ask, check) {
  for (const way of ["chat", "stream"]) {
    t.answers(reply);
    await check(await t[way](ask), t.asked(-1));
    assert.equal(t.asked(-1).stream, way === "stream");
  }
}

async function chat(t) {
  t.answers(four);
  const answer = await t.chat({ turns: question, maxTokens: 300 });
  assert.deepEqual([answer.text, answer.stop, answer.calls], ["four", "end", []]);
  assert.deepEqual([turnsOf(t.asked(0)), t.asked(0).stream, t.asked(0).maxTokens], [[{ user: "2+2?" }], false, 300]);
  // What a library always sends.
  assert.deepEqual(
    answer.dropped.filter((name) => name !== t.driver.always),
    [],
  );
}

async function stream(t) {
  t.answers(four);
  const answer = await t.stream({ turns: question, maxTokens: 300 });
  assert.deepEqual([answer.text, answer.stop, answer.pieces], ["four", "end", 2]);
  assert.deepEqual([turnsOf(t.asked(0)), t.asked(0).stream, t.asked(0).maxTokens], [[{ user: "2+2?" }], true, 300]);
}

const system = (t) =>
  both(t, four, { system: "Be brief.", turns: question }, (answer, asked) => {
    assert.equal(answer.text, "four");
    assert.deepEqual([asked.system, turnsOf(asked)], ["Be brief.", [{ user: "2+2?" }]]);
  });

// An answer of the library itself, and one that the user wrote.
async function conversation(t) {
  t.answers(four);
  const first = await t.chat({ turns: question });
  const turns = [
    { role: "user", text: "Hello" },
    { role: "assistant", text: "Hello to you" },
    ...question,
    { answer: first },
    { role: "user", text: "And 3+3?" },
  ];
  await both(t, { text: ["six"] }, { turns }, (answer, asked) => {
    assert.equal(answer.text, "six");
    assert.deepEqual(turnsOf(asked), [
      { user: "Hello" },
      { assistant: "Hello to you" },
      { user: "2+2?" },
      { assistant: "four" },
      { user: "And 3+3?" },
    ]);
  });
}

const described = (made) =>
  made.map(({ name, description, schema: { type, properties, required } }) => ({
    name,
    description,
    schema: { type, properties, required },
  }));

async function toolCall(t) {
  t.answers({ text: ["One moment."], calls: [weather] });
  const answer = await t.chat({ turns: question, tools });
  assert.deepEqual([answer.text, named(answer.calls), answer.stop], ["One moment.", named([weather]), "calls"]);
  assert.ok(answer.calls[0].id);
  assert.deepEqual(described(t.asked(0).tools), tools);
}

const said = { weather: "4 C", time: "noon" };
const results = (answer) => ({
  role: "tool",
  results: answer.calls.map(({ id, name }) => ({ id, name, text: said[name] })),
});
// A library may wrap what a tool said.
const saidBy = ({ driver }) => Object.entries(said).map(([name, text]) => driver.wraps?.(name, text) ?? text);

const noArguments = (t) =>
  both(
    t,
    { calls: [{ id: "call_n0", name: "now", args: {} }] },
    {
      turns: question,
      tools: [{ name: "now", description: "The time here", schema: { type: "object", properties: {} } }],
    },
    (answer) =>
      assert.deepEqual([named(answer.calls), answer.stop, answer.text], [[{ name: "now", args: {} }], "calls", ""]),
  );

// What a model says before it calls comes back with the calls.
async function spokenCall(t) {
  for (const way of ["chat", "stream"]) {
    t.answers({ ...thought, text: ["One ", "moment."], calls: [weather, time] });
    const first = await t[way]({ turns: question, tools, thinks: true });
    assert.deepEqual([first.text, named(first.calls), first.stop], ["One moment.", named([weather, time]), "calls"]);
    t.answers({ text: ["Cold."] });
    await t[way]({
      turns: [...question, { answer: first }, results(first), { role: "user", text: "And tomorrow?" }],
      tools,
      thinks: true,
    });
    assert.deepEqual(turnsOf(t.asked(-1)), [
      { user: "2+2?" },
      { assistant: "One moment.", calls: named([weather, time]) },
      { tool: saidBy(t) },
      { user: "And tomorrow?" },
    ]);
  }
}

// Escapes, pairs of them, words that end streams, and the ends of lines that frames may have.
const odd = ["data: [DONE]\n\n", 'é "\\u00e9" \\ \u2028', "\u{1F600}\r\n\t</think>", ' {"done":true}'];
const oddText = (t) =>
  both(
    t,
    { text: odd, torn: true },
    { system: odd.join(""), turns: [{ role: "user", text: odd.join("") }] },
    (answer, asked) => {
      assert.equal(answer.text, odd.join(""));
      assert.deepEqual([asked.system, turnsOf(asked)], [odd.join(""), [{ user: odd.join("") }]]);
    },
  );

async function parallelCalls(t) {
  t.answers({ text: ["One ", "moment."], calls: [weather, time] });
  const answer = await t.stream({ turns: question, tools });
  assert.deepEqual([answer.text, named(answer.calls), answer.stop], ["One moment.", named([weather, time]), "calls"]);
  assert.equal(new Set(answer.calls.map(({ id }) => id)).size, 2);
}

export const forced = { turns: question, tools: [tools[0]], choice: "required" };
const forcedCall = (t) =>
  both(t, { calls: [weather] }, forced, (answer, asked) => {
    assert.deepEqual(named(answer.calls), named([weather]));
    assert.equal(asked.isForced, true);
  });

async function toolResults(t) {
  for (const way of ["chat", "stream"]) {
    t.answers({ calls: [weather, time] });
    const first = await t[way]({ turns: question, tools });
    t.answers({ text: ["Cold."] });
    const answer = await t[way]({ turns: [...question, { answer: first }, results(first)], tools });
    assert.equal(answer.text, "Cold.");
    const asked = t.asked(-1);
    assert.deepEqual(turnsOf(asked), [
      { user: "2+2?" },
      { assistant: "", calls: named([weather, time]) },
      { tool: saidBy(t) },
    ]);
    assert.deepEqual(
      asked.turns[2].results.map(({ id }) => id),
      asked.turns[1].calls.map(({ id }) => id),
    );
    assert.deepEqual(
      asked.turns[1].calls.map(({ id }) => id),
      ["call_w1", "call_t2"],
    );
  }
}

async function image(t) {
  t.answers({ text: ["A dot."] });
  const answer = await t.chat({
    turns: [{ role: "user", text: "What is it?", image: { type: "image/png", data: png } }],
  });
  assert.equal(answer.text, "A dot.");
  assert.deepEqual(t.asked(0).turns, [
    { role: "user", text: "What is it?", images: [{ type: "image/png", data: png }] },
  ]);
}

const structured = (t) =>
  both(t, { text: ['{"answer":', "4}"] }, { turns: question, schema }, (answer, asked) => {
    assert.deepEqual([JSON.parse(answer.text), answer.stop, answer.calls], [{ answer: 4 }, "end", []]);
    assert.equal(asked.schema.properties.answer.type.toLowerCase(), "number");
  });

export const thinking = (t, shown) =>
  both(t, { ...thought, ...four }, { turns: question, thinks: true }, (answer, asked) => {
    assert.equal(asked.thinks, true);
    assert.deepEqual([answer.thought, answer.text], [shown, "four"]);
  });

// The server gets back what it signed, here in front of a text or of calls, and a thought never
// becomes text.
export async function signedTurn(t, isCall, expected) {
  const more = isCall ? { tools, thinks: true } : { thinks: true };
  for (const way of ["chat", "stream"]) {
    t.answers({ ...thought, ...(isCall ? { calls: [weather, time] } : four) });
    const first = await t[way]({ turns: question, ...more });
    t.answers({ text: ["So."] });
    await t[way]({
      turns: [...question, { answer: first }, isCall ? results(first) : { role: "user", text: "And 3+3?" }],
      ...more,
    });
    const answered = isCall
      ? [{ assistant: "", calls: named([weather, time]) }, { tool: saidBy(t) }]
      : [{ assistant: "four" }, { user: "And 3+3?" }];
    assert.deepEqual(turnsOf(t.asked(-1)), [{ user: "2+2?" }, ...answered]);
    assert.equal(t.asked(-1).turns[1].signature, expected);
  }
}

const counts = { input: 40, output: 7 };
const usage = (t) =>
  both(t, { ...four, usage: counts }, { turns: question }, (answer) =>
    assert.deepEqual(answer.usage, { ...counts, cached: 0 }),
  );
export const counted = (t, cached) =>
  both(t, { ...four, usage: { ...counts, cached: 30 } }, { turns: question }, (answer) =>
    assert.deepEqual(answer.usage, { ...counts, cached }),
  );

export const stopped = (t, stop, told) =>
  both(t, { ...four, stop }, { turns: question }, (answer) =>
    assert.deepEqual([answer.text, answer.stop], ["four", told]),
  );

const stopSequences = (t) =>
  both(t, four, { turns: question, stop: ["END"] }, (answer, asked) => {
    assert.deepEqual(asked.stop, ["END"]);
  });

export const features = [
  feature("chat", "Plain answer", chat),
  feature("stream", "Streamed answer", stream),
  feature("system", "System prompt", system),
  feature("conversation", "Several turns", conversation),
  feature("tool_call", "Tool call", toolCall),
  feature("odd_text", "Odd characters, torn apart on the wire", oddText),
  feature("no_arguments", "Tool call without arguments", noArguments),
  feature("spoken_call", "Thought, text and tool calls in one answer", spokenCall),
  feature("parallel_calls", "Parallel tool calls, streamed", parallelCalls),
  feature("forced_call", "Forced tool call", forcedCall),
  feature("tool_results", "Tool results", toolResults),
  feature("image", "Image", image),
  feature("schema", "JSON schema for the answer", structured),
  feature("reasoning", "Reasoning is shown", (t) => thinking(t, thought.thought)),
  feature("signature", "Signed reasoning goes home", (t) => signedTurn(t, false, proof)),
  feature("call_signature", "Signed reasoning with tool calls goes home", (t) => signedTurn(t, true, proof)),
  feature("usage", "Token counts", usage),
  feature("cached_usage", "Token counts with cached ones", (t) => counted(t, 30)),
  feature("stop_length", "Stopped by the limit", (t) => stopped(t, "length", "length")),
  feature("stop_filter", "Stopped by the filter", (t) => stopped(t, "filter", "filter")),
  feature("stop_sequences", "Stop sequences", stopSequences),
  ...failures,
];
