// Runs each scenario of data/ before a strict server of every kind, through a gateway.
//   node run.mjs [--only SCENARIO/KIND] [--bodies]
// The names may be parts of names; --bodies shows what the servers of failed cells were asked.
import assert from "node:assert/strict";
import { clientKey, Gateway, patient, providerKey } from "../gateway.mjs";
import { dropped, judgeAnswer, judgeCount, judgeList } from "./judge.mjs";
import { load, Run } from "./scenario.mjs";
import { Cell, kinds, Servers } from "./upstreams/server.mjs";

const words = process.argv.slice(2);
const only = words.includes("--only") ? words[words.indexOf("--only") + 1].split("/") : [];

const keyHeaders = {
  anthropic: { authorization: `Bearer ${clientKey}` },
  responses: { authorization: `Bearer ${clientKey}` },
  gemini: { "x-goog-api-key": clientKey },
};

async function ask(url, run, step) {
  const { scenario, cell } = run;
  const request = run.request(step);
  request.sent = request.body && JSON.stringify(request.body);
  const model = cell.models[step.model ?? "main"];
  const before = cell.calls.length;
  if (step.answer) cell.expect(model, step.answer);
  const headers = { ...scenario.headers, ...step.headers, ...keyHeaders[scenario.agent.dialect] };
  if (request.body) headers["content-type"] = "application/json";
  const answer = await fetch(url + request.path, { method: request.method, headers, body: request.sent });
  const text = await answer.text();
  const call = cell.calls.slice(before).find((one) => one.model === model);
  cell.answers.delete(model);
  assert.equal(answer.status, 200, `${text}${call?.refused ? `\n    the server: ${call.refused}` : ""}`);
  return { request, call, headers: answer.headers, text };
}

async function take(url, run, step) {
  const { agent, habits } = run.scenario;
  const found = await ask(url, run, step);
  const { request, call, headers, text } = found;
  for (const name of dropped(headers)) run.dropped.add(name);
  const isStream = headers.get("content-type").startsWith("text/event-stream");
  if (step.get) return judgeList(run, agent.listed(JSON.parse(text)));
  if (step.answer.tokens !== undefined)
    return judgeCount(run, step, { headers, count: agent.counted(JSON.parse(text)) });
  assert.equal(isStream, request.body.stream === true || request.path.includes("alt=sse"), "a stream, or not");
  const seen = isStream ? agent.stream(text, habits) : agent.plain(JSON.parse(text), habits);
  judgeAnswer(run, step, { request, call, headers, text, seen });
  run.steps.set(step.name, { asked: request.body, used: request.used, proofs: call.proofs, ...seen });
}

async function play(url, scenario, cell) {
  const run = new Run(scenario, cell);
  run.dropped = new Set();
  for (const step of scenario.steps) {
    const together = step.together ?? [step];
    try {
      await Promise.all(together.map((one) => take(url, run, one)));
    } catch (error) {
      const where = together.map(({ name }) => name).join(" and ");
      return `${where}: ${error.code === "ERR_ASSERTION" ? error.message : error.stack}`;
    }
  }
  const silent = Object.keys(scenario.dropped?.[cell.kind] ?? {}).filter((name) => !run.dropped.has(name));
  return silent.length ? `documented as dropped, but is not: ${silent}` : undefined;
}

function table(found) {
  const kindNames = Object.keys(kinds);
  const names = [...new Set(found.map(({ scenario }) => scenario.name))];
  const width = Math.max(...names.map(({ length }) => length)) + 2;
  console.log(" ".repeat(width) + kindNames.map((kind) => kind.padEnd(12)).join(""));
  for (const name of names) {
    const verdict = (kind) => {
      const one = found.find(({ scenario, cell }) => scenario.name === name && cell.kind === kind);
      return one ? (one.failed ? "FAIL" : "pass") : "-";
    };
    console.log(name.padEnd(width) + kindNames.map((kind) => verdict(kind).padEnd(12)).join(""));
  }
}

async function main() {
  const begun = Date.now();
  const servers = await new Servers().start();
  const jobs = load().flatMap((scenario) =>
    Object.keys(kinds)
      .filter((kind) => scenario.before?.includes(kind) ?? true)
      .filter((kind) => scenario.name.includes(only[0] ?? "") && kind.includes(only[1] ?? ""))
      .map((kind) => ({ scenario, cell: new Cell(`${scenario.name}-${kind}`, kind, providerKey) })),
  );
  for (const { cell } of jobs) servers.add(cell);
  const gateway = await new Gateway().start({
    listeners: [{ name: "main", address: "127.0.0.1:0" }],
    providers: servers.providers(),
    keys: [{ name: "agent", key: clientKey }],
    settings: { require_api_key: true },
    resilience: patient,
  });
  process.on("exit", () => gateway.process.kill("SIGKILL"));
  const found = await Promise.all(
    jobs.map(async (job) => ({ ...job, failed: await play(gateway.urls[0], job.scenario, job.cell) })),
  );
  const code = await gateway.stop();
  servers.stop();

  for (const { cell, failed } of found.filter((one) => one.failed)) {
    console.log(`FAILED ${cell.name}\n    ${failed}`);
    if (words.includes("--bodies")) for (const { path, body } of cell.calls) console.log(`    asked: ${path} ${body}`);
  }
  for (const stranger of servers.strangers) console.log(`FAILED a request that no server knows: ${stranger}`);
  const hasKey = [clientKey, providerKey].some((key) => gateway.log.includes(key));
  if (hasKey) console.log("FAILED a key stands in the log");
  table(found);
  const failures = found.filter(({ failed }) => failed).length;
  console.log(`${found.length} cells, ${failures} failed, ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  process.exitCode = failures + servers.strangers.length > 0 || code !== 0 || hasKey || found.length === 0 ? 1 : 0;
}

await main();
