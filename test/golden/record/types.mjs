// Checks the sides of all cases against the types of the vendors' SDKs: what an SDK sends, and what
// is expected of an answer, must be what its vendor's types allow, and nothing beyond them.
//
//   node types.mjs       TSC names the compiler; without it npx fetches one
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("..", import.meta.url));
const modules = fileURLToPath(new URL("../../clients/node_modules", import.meta.url));

// On the wire an enumeration is a string, and a member that may be null may be missing: servers of
// an older version do not know it. What the SDKs add to an answer is no part of it.
const prelude = `
import OpenAI from "openai";
import Anthropic from "@anthropic-ai/sdk";
import type { GenerateContentResponse } from "@google/genai";
import type { ChatRequest, ChatResponse } from "ollama";
import type { Response, ResponseStreamEvent } from "openai/resources/responses/responses";

type Wire<T> = T extends string ? \`\${T}\`
  : T extends (infer Item)[] ? Wire<Item>[]
  : T extends object ? { [K in keyof T as null extends T[K] ? never : K]: Wire<T[K]> }
    & { [K in keyof T as null extends T[K] ? K : never]?: Wire<T[K]> }
  : T;
type WithResponse = Extract<ResponseStreamEvent, { response: Response }>;
type OllamaAnswer = Omit<ChatResponse, "created_at"> & { created_at: string };
type openai_request = OpenAI.Chat.ChatCompletionCreateParams;
type openai_answer = Wire<OpenAI.Chat.ChatCompletion>;
type openai_event = Wire<OpenAI.Chat.ChatCompletionChunk>;
type responses_request = OpenAI.Responses.ResponseCreateParams;
type responses_answer = Wire<Omit<Response, "output_text">>;
type responses_event = Wire<Exclude<ResponseStreamEvent, { response: Response }>>
  | { type: WithResponse["type"]; sequence_number: number; response: responses_answer };
type anthropic_request = Anthropic.MessageCreateParams;
type anthropic_answer = Wire<Anthropic.Message>;
type anthropic_event = Wire<Anthropic.RawMessageStreamEvent>;
type gemini_answer = Wire<Pick<GenerateContentResponse, "candidates" | "usageMetadata" | "modelVersion" | "responseId">>;
type gemini_event = gemini_answer;
type ollama_request = ChatRequest;
type ollama_answer = OllamaAnswer;
type ollama_event = Partial<OllamaAnswer>;
`;

// A member that is null where the type has none is in recorded answers too.
const nullable = { openai: ["usage", "logprobs"], responses: ["usage", "user", "store", "description"] };
// What these versions' types leave out: members of recorded answers and of other vendors' documents
// (README.md), sampling, which older models take, and any word of JSON Schema.
const untyped = {
  openai: ["obfuscation", "reasoning_content", "reasoning_details", "cache_creation_tokens"],
  responses: ["obfuscation", "top_logprobs", "cache_write_tokens", "cache_creation_tokens"],
  anthropic: ["temperature", "top_p", "top_k"],
  gemini: [],
  ollama: ["additionalProperties", "index", "id"],
};

// A side with all that it may have.
function fullest(value) {
  if (Array.isArray(value)) return value.map(fullest);
  if (value === null || typeof value !== "object") return value;
  if ("<one of>" in value) return fullest(value["<one of>"][0]);
  const rows = Object.entries(value).map(([key, member]) => {
    const is_optional = member !== null && typeof member === "object" && "<if given>" in member;
    return [key, fullest(is_optional ? member["<if given>"] : member)];
  });
  return Object.fromEntries(rows.filter(([key, member]) => member !== "<any>" || key === "name"));
}

function without(keys, value) {
  if (Array.isArray(value)) return value.map((item) => without(keys, item));
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).filter(([key]) => !keys.includes(key));
  return Object.fromEntries(kept.map(([key, member]) => [key, without(keys, member)]));
}

const known_to = (dialect, value) => without_null(nullable[dialect] ?? [], without(untyped[dialect], value));
function without_null(keys, value) {
  if (Array.isArray(value)) return value.map((item) => without_null(keys, item));
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).filter(([key, member]) => member !== null || !keys.includes(key));
  return Object.fromEntries(kept.map(([key, member]) => [key, without_null(keys, member)]));
}

function sections(text) {
  const [head, ...rest] = text.split(/^=== /m);
  const named = rest.map((section) => [section.slice(0, section.indexOf("\n")), section.slice(section.indexOf("\n")).trim()]);
  return { is_stream: /^stream: yes$/m.test(head), has_failed: /^(status|fails): /m.test(head), sections: Object.fromEntries(named) };
}

const events = (text) =>
  text.split("\n").map((line) => line.replace(/^data: /, "")).filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));

// A row of [type, value] for each JSON value of a file.
function values(pair, text) {
  const [client, upstream] = pair.split("_");
  const { is_stream, has_failed, sections: found } = sections(text);
  const rows = [];
  for (const [dialect, section] of [[client, "client request"], [upstream, "upstream request"]])
    if (dialect !== "gemini" && found[section]) rows.push([`${dialect}_request`, known_to(dialect, JSON.parse(found[section]))]);
  if (has_failed) return rows;
  for (const [dialect, section] of [[upstream, "upstream answer"], [client, "client answer"]]) {
    if (!found[section]) continue;
    const row = is_stream ? events(found[section]) : [JSON.parse(found[section])];
    for (const value of row)
      if (value.type !== "ping") rows.push([`${dialect}_${is_stream ? "event" : "answer"}`, known_to(dialect, value)]);
  }
  return rows;
}

const places = new Map();
for (const pair of readdirSync(folder).filter((name) => name.includes("_")))
  for (const file of readdirSync(join(folder, pair))) {
    for (const [type, value] of values(pair, readFileSync(join(folder, pair, file), "utf8"))) {
      const known = JSON.stringify(known_to(type.split("_")[0], fullest(value))).replaceAll('"<count>"', "1")
        .replaceAll('"<time>"', type.startsWith("ollama") ? '"2023-12-12T14:13:43Z"' : "1");
      const line = `(${known}) satisfies ${type};`;
      if (!places.has(line)) places.set(line, `${pair}/${file}`);
    }
  }

const work = mkdtempSync(join(tmpdir(), "golden-types-"));
symlinkSync(modules, join(work, "node_modules"));
writeFileSync(join(work, "package.json"), '{"type":"module"}');
const lines = [...places].map(([line, place]) => `/* ${place} */ ${line}`);
writeFileSync(join(work, "cases.ts"), `${prelude}\n${lines.join("\n")}\n`);
const compiler = process.env.TSC ? [process.env.TSC] : ["npx", "--yes", "-p", "typescript@5", "tsc"];
const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"];
const run = spawnSync(compiler[0], [...compiler.slice(1), ...options, "cases.ts"], { cwd: work, encoding: "utf8" });
if (process.env.KEEP) console.log(`kept: ${work}`);
else rmSync(work, { recursive: true });
for (const line of (run.stdout ?? "").split("\n")) {
  const at = Number(/^cases\.ts\((\d+),/.exec(line)?.[1] ?? 0) - prelude.split("\n").length - 1;
  console.log(lines[at] ? `${/^\/\* (\S+)/.exec(lines[at])[1]}: ${line}` : line);
}
console.log(`${lines.length} different values`);
process.exitCode = run.status ?? 1;
