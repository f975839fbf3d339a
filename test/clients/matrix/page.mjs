// docs/compatibility.md, from what a run found.
import { readFileSync } from "node:fs";
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
  const clients = drivers.map((driver) => ({ driver, cells: found.filter((cell) => cell.driver === driver) }));
  const notes = new Notes();
  const tables = clients.flatMap((client) => table(client, features, notes));
  return [kIntro, ...summary(clients), "", ...tables, "## Reasons", "", ...notes.lines(), "", ...scans, ""].join("\n");
}
