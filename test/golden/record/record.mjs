// Writes the cases of test/golden; `node record.mjs --check` says instead which files differ.
//
// Requests are what the vendors' SDKs send, each side by its own. Answers are in the form that each
// vendor documents; what a client gets of them is read back by its vendor's SDK before it is kept.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import * as anthropic from "./anthropic.mjs";
import { conversations } from "./conversations.mjs";
import * as gemini from "./gemini.mjs";
import * as ollama from "./ollama.mjs";
import * as openai from "./openai.mjs";
import { concrete, id } from "./pattern.mjs";
import * as responses from "./responses.mjs";
import { exchange } from "./server.mjs";

const dialects = [openai, responses, anthropic, gemini, ollama];
const folder = fileURLToPath(new URL("..", import.meta.url));
const asked_model = "asked-model";

// How each vendor names what it makes (from the references' examples).
const own_names = {
  openai: { id: "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qJKcnT", created: 1741569952, model: "gpt-5-mini-2025-08-07" },
  responses: { id: "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b", created: 1741476542, model: "gpt-5-mini-2025-08-07" },
  anthropic: { id: "msg_01XFDUDYJgAACzvnptvVoYEL", model: "claude-sonnet-4-6" },
  gemini: { id: "48SHaPHpHKbG-8YPtZCawAk", model: "gemini-2.5-flash" },
  ollama: { created: 1702389823, model: "qwen3" },
};

// `text` is a document, server-sent events or lines; `change` is done to each JSON value in it.
function each_json(text, change) {
  return text
    .split("\n")
    .map((line) => {
      const [, head, data] = /^(data: )?(.*)$/s.exec(line);
      return data.startsWith("{") ? `${head ?? ""}${JSON.stringify(change(JSON.parse(data)))}` : line;
    })
    .join("\n");
}

// What is named of that which does not stay: that a tool failed, a proof, a thought.
function lost(client, upstream, turns) {
  const out = [];
  const has_failed = turns.some((turn) => turn.results?.some((result) => result.failed));
  if (has_failed && client.says.tool_error && !upstream.says.tool_error) out.push("is_error");
  const files = turns.flatMap((turn) => (Array.isArray(turn.user) ? turn.user.filter((part) => part.file) : []));
  if (files.length > 0 && upstream === gemini) out.push("filename");
  if (!turns.some((turn) => turn.thinking) || !client.says.thought) return out;
  // Gemini's is the proof of the text.
  const has_proof = client.says.proof && client !== gemini;
  if (client.says.proof && upstream !== anthropic && (has_proof || upstream !== openai)) out.push("signature");
  const is_named = upstream === responses ? !has_proof : !upstream.says.thinking;
  return is_named ? [...out, "reasoning"] : out;
}

// What of each turn stays where it goes from one dialect to another.
function kept_turn(client, upstream, turn) {
  const { thinking, proof, ...rest } = turn;  // A proof is its own provider's.
  const results = turn.results?.map(({ failed, ...result }) =>
    failed && client.says.tool_error && upstream.says.tool_error ? { ...result, failed } : result);
  const shown = thinking && client.says.thought && upstream.says.thinking ? { thinking } : {};
  return { ...rest, ...shown, ...(results ? { results } : {}) };
}

// What some dialects have no word for.
const limited = ["stop", "seed", "top_k", "frequency_penalty", "presence_penalty", "is_serial"];

// What a client of this dialect says of a conversation.
function as_client(client, request) {
  const said = { ...request, is_client: true, model: asked_model };
  for (const name of limited) if (!client.says[name]) delete said[name];
  if (!client.says.choice) delete said.choice;
  if (!client.says.thought) said.turns = said.turns.map(({ thinking, proof, ...turn }) => turn);
  return client.as_said?.(said) ?? said;
}

// The same, for the upstream: what got lost on the way is not asked of it.
function as_upstream(client, upstream, request, target) {
  const { is_client, ...said } = as_client(client, request);
  said.turns = said.turns.map((turn) => kept_turn(client, upstream, turn));
  const names = limited.filter((name) => said[name] !== undefined && !upstream.says[name]);
  for (const name of names) delete said[name];
  const dropped = [...names.map((name) => client.dropped[name] ?? name), ...(client.also_dropped?.(said, upstream) ?? [])];
  if (client !== upstream) dropped.push(...lost(client, upstream, request.turns));
  if (target === "claude-opus-4-8" && said.temperature !== undefined) {
    delete said.temperature;
    dropped.push("temperature");
  }
  // Claude docs, 'Migration guide': from Sonnet 4.5 on only one of the two.
  if (client !== upstream && upstream.name === "anthropic" && said.temperature !== undefined && said.top_p !== undefined) {
    delete said.top_p;
    dropped.push(client.dropped.top_p ?? "top_p");
  }
  if (said.temperature > (upstream.says.temperature ?? 2)) {
    said.temperature = upstream.says.temperature;
    dropped.push("temperature");
  }
  if (said.schema && !client.says.schema_name) said.schema = { ...said.schema, name: "answer", strict: client.name === "anthropic" ? true : undefined };
  return { said: { ...said, shows: client.shows(said), names_files: client !== gemini, model: target }, dropped: dropped.sort() };
}

// A server that cannot be made to call a tool is asked for it in one case only.
const known_to = (upstream, { choice, ...rest }) =>
  upstream.says.choice || choice === "auto" ? { ...rest, ...(choice ? { choice } : {}) } : rest;

// Ids that the client does not give are the gateway's to make.
function hide_ids(value) {
  if (Array.isArray(value)) return value.map(hide_ids);
  if (typeof value === "string") return /^call_[ab]\d$/.test(value) ? id(value) : value;
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, hide_ids(member)]));
}

async function sent_by(dialect, said) {
  const { sent, error } = await exchange({ status: 500, body: "{}" }, (url) => dialect.send(said, url));
  assert.ok(sent.body, `${dialect.name} sent nothing: ${error?.stack}`);
  return sent;
}

function told_stop(upstream, stop) {
  const is_end = stop === "stop_sequence" ? upstream !== anthropic : stop === "filtered" && upstream.tells.not_filtered;
  return is_end ? "end" : stop;
}

// What the client can know of the upstream's answer.
function as_told(upstream, client, answer, request) {
  const is_same = upstream === client;
  const { tells } = upstream;
  let calls = 0;
  const parts = answer.parts.map((part) => {
    const out = { ...part };
    if (part.proof) out.proof = !tells.proof ? undefined : is_same ? part.proof : id("proof");
    if (out.proof === undefined) delete out.proof;
    if (!part.call) return out;
    const number = ++calls;
    out.call = {
      ...part.call,
      id: tells.ids ? part.call.id : id(`call${number}`),
      pieces: tells.pieces ? part.call.pieces : [JSON.stringify(part.call.args)],
    };
    return out;
  });
  // Gemini's proof is that of the part behind the thought.
  const at = parts.findIndex((part) => part.proof);
  if (!is_same && upstream === gemini && at >= 0) {
    const { proof, ...thought } = parts[at];
    parts.splice(at, 1, thought, { thinking: [], proof });
  }
  const names = own_names[upstream.name];
  const usage = { ...answer.usage };
  for (const name of ["cached", "reasoning"])
    if (!tells[name] || (tells.no_zero && usage[name] === 0)) delete usage[name];
  if (upstream !== anthropic) delete usage.written;
  return {
    parts, usage, is_same, failure: answer.failure, asked: request, model: answer.model ?? names.model, created: names.created,
    id: is_same ? names.id : undefined,
    stop: told_stop(upstream, answer.stop),
    stop_sequence: upstream === anthropic ? answer.stop_sequence : undefined,
  };
}

function own_answer(upstream, answer, request) {
  const usage = { ...answer.usage };
  if (upstream !== anthropic) delete usage.written;
  const parts = answer.parts.map((part) => {
    const out = { ...part };
    if (!upstream.tells.proof) delete out.proof;
    if (part.call && !upstream.tells.ids) out.call = { ...part.call, id: undefined };
    return out;
  });
  const stop = told_stop(upstream, answer.stop);
  return {
    ...answer, own: true, parts, usage, stop, asked: request, ...own_names[upstream.name],
    model: answer.model ?? own_names[upstream.name].model,
    stop_sequence: upstream === anthropic ? answer.stop_sequence : undefined,
  };
}

const write_answer = (dialect, said, is_stream) =>
  is_stream ? dialect.stream(said) : JSON.stringify(dialect.answer(said));

// The SDK of the client reads what the case expects, and finds what was said.
async function verify(client, said, is_stream, what) {
  const stand_in = { ...own_names[client.name], ...said, id: own_names[client.name].id ?? "x", created: 1741569952 };
  const text = each_json(write_answer(client, stand_in, is_stream), concrete).replaceAll(/"<(count|time)>"/g, "503");
  const answer = { type: client.type(is_stream), body: text };
  const request = { turns: [{ user: "x" }], model: "m", stream: is_stream };
  const { read, error } = await exchange(answer, (url) => client.send(request, url));
  if (said.failure) return assert.match(error?.message ?? "no error", new RegExp(said.failure.message), what);
  assert.equal(error, undefined, `${what}: ${error?.stack}`);
  const found = client.read(read);
  assert.deepEqual(found.text, said.parts.flatMap((part) => part.text ?? []).join(""), what);
  const calls = said.parts.filter((part) => part.call).map(({ call }) => ({ name: call.name, args: call.args }));
  assert.deepEqual(found.calls, calls, what);
  assert.equal(found.stop, client.stops[said.stop], what);
  assert.equal(found.output, said.usage.output, what);
}

// JSON that people read: what fits on a line stands on one.
function laid_out(value, indent = "") {
  const line = JSON.stringify(value);
  if (value === null || typeof value !== "object" || line.length + indent.length <= 110) return line;
  const inner = `${indent}  `;
  const items = Array.isArray(value)
    ? value.map((item) => laid_out(item, inner))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${laid_out(item, inner)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${items.map((item) => inner + item).join(",\n")}\n${indent}${close}`;
}

const pretty = (text, is_stream, change = (value) => value) =>
  is_stream ? each_json(text, change) : laid_out(change(JSON.parse(text)));

async function sections(client, upstream, conversation) {
  const { error, failure } = conversation;
  const answer = conversation.answer && { ...conversation.answer, failure, model: conversation.target };
  const is_same = client === upstream;
  const refused = client !== upstream && conversation.refused?.[upstream.name];
  const request = refused ? conversation.request : known_to(upstream, conversation.request);
  const from = as_client(client, request);
  const model = conversation.target ?? upstream.target;
  const { said, dropped } = as_upstream(client, upstream, request, model);
  const asked = await sent_by(client, from);
  const target = is_same ? { ...from, model } : said;
  if (refused) return { refused, dropped: [], request: laid_out(JSON.parse(asked.body)) };
  const wanted = await sent_by(upstream, target);
  const out = { dropped, request: asked.body, upstream_request: wanted.body };
  if (!is_same) {
    out.request = laid_out(JSON.parse(asked.body));
    const body = upstream.relax(JSON.parse(wanted.body), said);
    out.upstream_request = laid_out(client.says.ids ? body : hide_ids(body));
  }
  if (error) {
    out.answer = laid_out(upstream.error({ ...error, own: true }));
    out.client_answer = laid_out(client.error(error));
    return out;
  }
  const is_stream = request.stream === true;
  const given_answer = is_same ? answer : upstream.as_asked?.(said, answer) ?? answer;
  const own = own_answer(upstream, given_answer, is_same ? target : said);
  out.answer = pretty(write_answer(upstream, own, is_stream), is_stream, concrete);
  const told = as_told(upstream, client, answer, from);
  await verify(client, told, is_stream, `${client.name} from ${upstream.name}`);
  out.client_answer = pretty(write_answer(client, told, is_stream), is_stream);
  return out;
}

function source_of_answer(dialect, conversation) {
  const sources = dialect.answer_source;
  if (conversation.error) return sources.error;
  const has_thought = conversation.request.effort !== undefined;
  return (conversation.request.stream ? sources.stream : sources.plain) + (has_thought ? sources.thinking : "");
}

const sources = (client, upstream, conversation) => [
  `upstream request: ${upstream.call_source}`,
  `upstream answer: ${source_of_answer(upstream, conversation)}`,
  `client answer: ${source_of_answer(client, conversation)}`,
];

function render(client, upstream, conversation, parts) {
  const { request, error } = conversation;
  const head = [
    `# ${conversation.title}`,
    `client request: ${client.call_source}`,
    ...(parts.refused ? [] : sources(client, upstream, conversation)),
    `target: ${conversation.target ?? upstream.target}`,
    parts.refused ? `refused: ${parts.refused}` : undefined,
    request.stream ? "stream: yes" : undefined,
    request.cache ? "cache: yes" : undefined,
    error ? `status: ${error.status}` : undefined,
    conversation.failure ? "fails: yes" : undefined,
    parts.dropped.length > 0 ? `dropped: ${parts.dropped.join(", ")}` : undefined,
  ];
  const rows = [
    ["client request", parts.request], ["upstream request", parts.upstream_request],
    ["upstream answer", parts.answer], ["client answer", parts.client_answer],
  ];
  const kept = rows.filter(([, text]) => text !== undefined);
  const body = kept.map(([name, text]) => `=== ${name}\n${text.trimEnd()}\n`).join("\n");
  return `${head.filter((line) => line !== undefined).join("\n")}\n\n${body}`;
}

// A conversation that is of some dialects only is not for a pair of one. A client that cannot ask
// for it is not refused.
function is_for({ from, to, refused, request }, client, upstream) {
  if (client === upstream && (from || to)) return false;
  if (from && !from.includes(client.name)) return false;
  if (to && !to.includes(upstream.name)) return false;
  const asks = (part) => (part.link || part.file ? client.says.files : true);
  if (!request.turns.every((turn) => !Array.isArray(turn.user) || turn.user.every(asks))) return false;
  return !(refused?.[upstream.name] === "tool_choice" && !client.says.choice);
}

const is_check = process.argv.includes("--check");
let different = 0, written = 0;
for (const client of dialects)
  for (const upstream of dialects) {
    const pair = `${client.name}_${upstream.name}`;
    mkdirSync(`${folder}/${pair}`, { recursive: true });
    for (const conversation of conversations) {
      if (!is_for(conversation, client, upstream)) continue;
      const path = `${folder}/${pair}/${conversation.name}.golden`;
      const text = render(client, upstream, conversation, await sections(client, upstream, conversation));
      ++written;
      if (!is_check) {
        writeFileSync(path, text);
      } else if (readFileSync(path, "utf8") !== text) {
        ++different;
        console.log(`${pair}/${conversation.name}.golden is not what is recorded now`);
      }
    }
  }
console.log(`${written} cases`);
process.exitCode = different > 0 ? 1 : 0;
