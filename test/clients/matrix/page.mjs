// docs/compatibility.md, from what a run found.
import { readFileSync } from "node:fs";
import { any } from "./methods/method.mjs";
import { dialects } from "./upstreams/server.mjs";

const kServers = {
  openai: "Chat Completions",
  responses: "Responses",
  anthropic: "Anthropic",
  gemini: "Gemini",
  ollama: "Ollama",
};

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
const packages = JSON.parse(read("package.json"));
const pythonVersions = Object.fromEntries(
  [...read("requirements.txt").matchAll(/^([\w-]+)==([\w.]+)/gm)].map(([, name, version]) => [name, version]),
);

export function versionOf({ library, isPython }) {
  return isPython ? pythonVersions[library] : packages.dependencies[library];
}

// Numbers reasons in the order of their first use.
class Notes {
  numbers = new Map();
  of(reason) {
    if (!this.numbers.has(reason)) this.numbers.set(reason, this.numbers.size + 1);
    return this.numbers.get(reason);
  }
  lines() {
    return [...this.numbers].map(([reason, number]) => `${number}. ${reason}`);
  }
}

const row = (cells) => `| ${cells.join(" | ")} |`;
const rule = (count) => `|${" --- |".repeat(count)}`;

const word = ({ failed, limit }, notes) => (failed ? "FAILED" : limit ? `no (${notes.of(limit.reason)})` : "yes");

function summary(clients) {
  const count = (cells) => `${cells.filter(({ failed, limit }) => !failed && !limit).length} of ${cells.length}`;
  return [
    row(["client", ...Object.values(kServers)]),
    rule(6),
    ...clients.map(({ driver, cells }) =>
      row([
        driver.label,
        ...Object.keys(dialects).map((dialect) => count(cells.filter((cell) => cell.dialect === dialect))),
      ]),
    ),
  ];
}

function table({ driver, cells }, features, notes) {
  const line = (feature) =>
    row([
      feature.title,
      ...Object.keys(dialects).map((dialect) =>
        word(
          cells.find((cell) => cell.dialect === dialect && cell.feature === feature),
          notes,
        ),
      ),
    ]);
  return [
    `## ${driver.label}, ${versionOf(driver)}`,
    "",
    row(["", ...Object.values(kServers)]),
    rule(6),
    ...features.map(line),
    "",
  ];
}

const kMethodsIntro = `## Other methods

Listings, models, token counts, embeddings and the older ways to ask, under each library's own names
for them. What a provider has a part in stands below the dialect that it speaks; the rest, below
\`any\`, is the same with each. A listing holds all that the gateway serves, with limits and aliases
and without what is hidden; a model that does not exist is the library's own error for 404.
`;

// The client is named once, with the first of its methods.
function methodsTable(clients, notes) {
  const columns = [any, ...Object.keys(dialects)];
  const line = ({ driver, cells }, feature, i) =>
    row([
      i === 0 ? `${driver.label}, ${versionOf(driver)}` : "",
      feature.title,
      ...columns.map((column) => {
        const cell = cells.find(({ dialect, feature: one }) => dialect === column && one === feature);
        return cell ? word(cell, notes) : "";
      }),
    ]);
  return [
    kMethodsIntro,
    row(["client", "method", any, ...Object.values(kServers)]),
    rule(8),
    ...clients.flatMap((client) => client.driver.methods.map((feature, i) => line(client, feature, i))),
    "",
  ];
}

const kIntro = `# Compatibility

<!-- Written by test/clients/matrix/run.mjs --write. The tests compare it with what they find. -->

Vendors' own client libraries in front of servers of every dialect: each line is a feature, each
column the dialect that the provider speaks. The servers are scripted, refuse what the vendor's
documentation forbids, and answer as it shows. \`yes\`: tested, as the library's users call it, plain and
streamed. \`no\`: the pair cannot say it; the number leads to the reason, and what happens instead is
tested too. The versions are those that Debian 12's Node 18 and Python 3.11 run.
`;

export function page(found, features, scans) {
  const drivers = [...new Set(found.map(({ driver }) => driver))];
  const all = drivers.map((driver) => ({ driver, cells: found.filter((cell) => cell.driver === driver) }));
  const clients = all.filter(({ driver }) => !driver.methods);
  const notes = new Notes();
  const tables = [
    ...clients.flatMap((client) => table(client, features, notes)),
    ...methodsTable(
      all.filter(({ driver }) => driver.methods),
      notes,
    ),
  ];
  return [kIntro, ...summary(clients), "", ...tables, "## Reasons", "", ...notes.lines(), "", ...scans, ""].join("\n");
}
