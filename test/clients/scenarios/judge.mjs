// What a user of the agent would notice of one step.
import assert from "node:assert/strict";

const isThought = (said) => said.thought !== undefined;

// Neighbours of one kind are one; a thought that cannot be read is not seen.
function joined(says) {
  const out = [];
  for (const { thought, text, call, space, args, input } of says) {
    const last = out.at(-1);
    if (thought === "" || text === "") continue;
    if (call) out.push({ call, space, ...(input === undefined ? { args } : { input }) });
    else if (last && "thought" in last && thought !== undefined) last.thought += thought;
    else if (last && "text" in last && text !== undefined) last.text += text;
    else out.push(thought !== undefined ? { thought } : { text });
  }
  return out;
}

function sees(told, call, seen, upstream) {
  const shown = told.says.filter((said) => !isThought(said) || upstream.shows(call));
  assert.deepEqual(joined(seen.says), joined(shown), "what the model said is what the agent reads");
}

function ids(cell, { says }, isOwn) {
  const given = says.filter(({ call }) => call).map(({ id }) => id);
  if (isOwn && !cell.upstream.hasIds) return;
  assert.equal(new Set(given.filter(Boolean)).size, given.length, `each call has an id of its own: ${given}`);
  if (cell.upstream.hasIds)
    for (const id of given) assert.ok(cell.memory.ids.has(id), `the provider's id of a call: ${id}`);
}

function usage(told, seen, upstream) {
  const { input, cached = 0, output } = told.usage ?? {};
  if (input === undefined) return;
  const expected = { input, cached: upstream.countsCached === false ? 0 : cached, output };
  assert.deepEqual(seen.usage, expected, "usage");
}

// Between equal dialects nothing changes but the model's name.
function sameBytes(run, step, sent, call, body) {
  const [name] = Object.entries(run.cell.models).filter(([which]) => which === (step.model ?? "main"));
  const own = run.model(name[0]);
  const expected = sent.replace(`"model":${JSON.stringify(own)}`, `"model":${JSON.stringify(name[1])}`);
  assert.equal(call.body, expected, "the provider gets the client's bytes");
  if (body !== undefined) assert.equal(body, call.sent, "the client gets the provider's bytes");
}

// A proof reaches the agent, and what the agent keeps of it comes back to the provider.
function proofs(run, used, call, text) {
  const { readable = (same) => same } = run.scenario.agent;
  for (const proof of call.proofs) assert.ok(readable(text).includes(proof), `the agent is given the proof: ${proof}`);
  for (const name of used) {
    const kept = readable(JSON.stringify(run.step(name).talk));
    for (const proof of run.step(name).proofs)
      assert.ok(
        call.asked.signatures.includes(proof) || !kept.includes(proof),
        `the proof of '${name}' comes back to its provider`,
      );
  }
}

export function dropped(headers) {
  return (headers.get("x-omniroute-dropped") ?? "").split(", ").filter(Boolean);
}

export function judgeAnswer(run, step, { request, call, headers, text, seen }) {
  const { cell, scenario } = run;
  const { upstream } = cell;
  const isOwn = upstream.dialect === scenario.agent.dialect;
  for (const words of step.reaches ?? []) assert.ok(call.asked.text.includes(words), `the provider is told: ${words}`);
  for (const name of dropped(headers))
    assert.ok(scenario.dropped?.[cell.kind]?.[name], `${name} is dropped, and the scenario says nothing of it`);
  proofs(run, request.used, call, text);
  if (isOwn) sameBytes(run, step, request.sent, call, text);
  if (isOwn && scenario.headers["anthropic-beta"])
    assert.equal(call.headers["anthropic-beta"], scenario.headers["anthropic-beta"]);
  sees(step.answer, call, seen, upstream);
  ids(cell, seen, isOwn);
  usage(step.answer, seen, upstream);
  if (upstream.hasMarkers && !isOwn) assert.ok(call.asked.markers.length > 0, "the prompt is marked for caching");
}

export function judgeCount(run, step, { headers, count }) {
  assert.ok(Number.isInteger(count) && count > 0, `a count: ${count}`);
  const isEstimate = !run.cell.upstream.countsTokens;
  assert.equal(headers.get("x-omniroute-estimated") === "true", isEstimate, "what is estimated says so");
  if (!isEstimate) assert.equal(count, step.answer.tokens, "the provider's count");
}

export function judgeList(run, ids) {
  for (const which of Object.keys(run.cell.models))
    assert.ok(ids.includes(run.model(which)), `${run.model(which)} is listed`);
}
