// One server for all cells. A cell is a scenario before a server of one kind, and has a provider of
// its own, so that models have the names they have in life: the gateway goes by them.
import { createServer } from "node:http";
import { dialects } from "../../matrix/upstreams/server.mjs";
import * as anthropic from "./anthropic.mjs";
import * as gemini from "./gemini.mjs";
import * as ollama from "./ollama.mjs";
import { compatible, strict } from "./openai.mjs";
import * as responses from "./responses.mjs";
import { Memory, must, Refused } from "./words.mjs";

// What stands before a cell: how it speaks, and what the configuration says of it.
export const kinds = {
  openai: { upstream: strict, settings: { type: "openai" }, models: { main: "gpt-5.2", small: "gpt-5-mini" } },
  compatible: { upstream: compatible, models: { main: "kimi-k2-thinking", small: "qwen3-8b" } },
  responses: {
    upstream: responses,
    settings: { type: "openai", dialect: "openai-responses" },
    models: { main: "gpt-5.2-codex", small: "gpt-5-nano" },
  },
  anthropic: { upstream: anthropic, models: { main: "claude-sonnet-4-5", small: "claude-haiku-4-5" } },
  gemini: { upstream: gemini, models: { main: "gemini-3-pro-preview", small: "gemini-2.5-flash" } },
  ollama: { upstream: ollama, models: { main: "gpt-oss:20b", small: "llama3.2" } },
};

// Pieces that end within frames, escapes and characters.
const kTorn = 61;

export class Cell {
  calls = [];
  answers = new Map();

  constructor(name, kind, key) {
    this.name = name;
    this.kind = kind;
    this.key = key;
    this.upstream = kinds[kind].upstream;
    this.memory = new Memory(name);
  }

  get models() {
    return kinds[this.kind].models;
  }

  // What the next request of this model is answered with.
  expect(model, told) {
    this.answers.set(model, told);
  }

  receive(call) {
    this.calls.push(call);
    const told = this.answers.get(call.model);
    this.answers.delete(call.model);
    try {
      must(call.key === this.key, "not the provider's key");
      must(told, `a request that nobody expected, to ${call.model}`);
      call.asked = this.upstream.read(call, this.memory);
      must(call.asked.isCount === (told.tokens !== undefined), `a count, or none: ${call.path}`);
    } catch (error) {
      call.refused = error instanceof Refused ? error.message : error.stack;
      return this.refuse(call);
    }
    const proofs = this.memory.proofs.size;
    const frames = call.asked.isStream && this.upstream.stream(told, call, this.memory);
    call.sent = frames ? frames.join("") : JSON.stringify(this.upstream.answer(told, call, this.memory));
    call.proofs = [...this.memory.proofs.keys()].slice(proofs);
    return frames ? this.stream(call) : this.plain(call);
  }

  refuse(call) {
    const { status, body } = dialects[this.upstream.dialect].error(call.refused);
    call.response.writeHead(status, { "content-type": "application/json" });
    call.response.end(JSON.stringify(body));
  }

  plain(call) {
    call.response.writeHead(200, { "content-type": "application/json" });
    call.response.end(call.sent);
  }

  async stream(call) {
    call.response.writeHead(200, { "content-type": dialects[this.upstream.dialect].contentType });
    const all = Buffer.from(call.sent);
    for (let at = 0; at < all.length; at += kTorn) {
      call.response.write(all.subarray(at, at + kTorn));
      await new Promise((done) => setImmediate(done));
    }
    call.response.end();
  }
}

export class Servers {
  cells = new Map();
  strangers = [];

  async start() {
    this.server = createServer((request, response) => this.listen(request, response));
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    this.root = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  add(cell) {
    this.cells.set(cell.name, cell);
  }

  listen(request, response) {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const call = { headers: request.headers, body: Buffer.concat(parts).toString(), response };
      const cell = this.find(request.url, call);
      if (cell) return cell.receive(call);
      this.strangers.push(`${request.method} ${request.url} ${call.body.slice(0, 200)}`);
      response.writeHead(404).end();
    });
  }

  find(url, call) {
    const [, name, ...rest] = url.split("/");
    const cell = this.cells.get(name);
    if (!cell) return undefined;
    const dialect = dialects[cell.upstream.dialect];
    call.path = `/${rest.join("/")}`.slice(dialect.base.length);
    if (!dialect.path.test(call.path)) return undefined;
    call.json = JSON.parse(call.body);
    call.key = dialect.keyOf(call.headers);
    call.model = decodeURIComponent(dialect.modelOf(call));
    return cell;
  }

  providers() {
    return [...this.cells.values()].map((cell) => {
      const { settings, upstream, models } = kinds[cell.kind];
      const { base, settings: usual } = dialects[upstream.dialect];
      return {
        id: cell.name,
        ...(settings ?? usual),
        base_url: `${this.root}/${cell.name}${base}`,
        models: Object.values(models).map((id) => ({ id })),
        accounts: [{ name: "main", api_key: cell.key }],
      };
    });
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
