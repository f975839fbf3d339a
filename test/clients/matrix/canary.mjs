// compatcanary, a scanner of servers that say they speak OpenAI's dialects: what it finds here.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { clientKey, providerKey } from "../gateway.mjs";
import { dialects, Script } from "./upstreams/server.mjs";

const program = fileURLToPath(new URL("../node_modules/compatcanary/src/cli.js", import.meta.url));
export const canary = "canary";

// What a model would answer to its probes.
class Answers extends Script {
  receive(call) {
    const asked = this.dialect.read(call);
    if (asked.isForced && asked.tools[0].name === "compatcanary_echo")
      this.answer({ calls: [{ id: "call_c", name: "compatcanary_echo", args: { value: "CANARY_OK" } }] });
    else this.answer({ text: [asked.schema ? '{"status":"ok"}' : "CANARY_OK"] });
    super.receive(call);
  }
}

function scan(url, profile, dialect, folder) {
  const file = join(folder, `${dialect}-${profile}.json`);
  const words = [
    "scan",
    "--base-url",
    `${url}/v1`,
    "--model",
    `${dialect}/${canary}`,
    "--profile",
    profile,
    "--format",
    "json",
    "--output",
    file,
    "--fail-on",
    "never",
  ];
  return new Promise((done, failed) => {
    execFile(
      process.execPath,
      [program, ...words],
      { env: { ...process.env, OPENAI_API_KEY: clientKey } },
      (error, out, told) =>
        error
          ? failed(new Error(`compatcanary: ${told || error.message}`))
          : done(JSON.parse(readFileSync(file, "utf8"))),
    );
  });
}

const kReasons = { "ollama chat.tool_call": "Ollama cannot be made to call a tool: 400 `unsupported_value`." };

const row = (cells) => `| ${cells.join(" | ")} |`;

// Lines for the page, and what nobody has explained.
export async function scans(url, upstreams) {
  const folder = mkdtempSync(join(tmpdir(), "omni-canary-"));
  const found = {},
    open = [];
  for (const dialect of Object.keys(dialects)) {
    upstreams.scripts.set(canary, new Answers(dialect, providerKey));
    for (const profile of ["chat", "modern"])
      for (const { id, name, status, summary } of (await scan(url, profile, dialect, folder)).results) {
        if (status !== "pass" && !kReasons[`${dialect} ${id}`])
          open.push(`compatcanary ${dialect}/${profile}/${id}: ${status}: ${summary}`);
        found[name] = { ...found[name], [dialect]: status };
      }
  }
  rmSync(folder, { recursive: true });
  const lines = [
    "## compatcanary",
    "",
    "`compatcanary scan`, profiles `chat` and `modern`, with a key and a model that the gateway lists:",
    "",
    row(["probe", ...Object.keys(dialects)]),
    `|${" --- |".repeat(6)}`,
    ...Object.entries(found).map(([name, by]) => row([name, ...Object.keys(dialects).map((dialect) => by[dialect])])),
    "",
    ...Object.entries(kReasons).map(([what, reason]) => `* ${what}: ${reason}`),
  ];
  return { lines, open };
}
