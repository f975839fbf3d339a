// One server in five dialects. The model's name tells which cell of the matrix a request belongs
// to, so that all cells can run at once.
import { createServer } from "node:http";
import * as anthropic from "./anthropic.mjs";
import * as gemini from "./gemini.mjs";
import * as ollama from "./ollama.mjs";
import * as openai from "./openai.mjs";
import * as responses from "./responses.mjs";
import { Refused } from "./rules.mjs";

export const dialects = { openai, responses, anthropic, gemini, ollama };

// The same bytes in pieces of seven, which fall into frames, escapes and characters.
function* torn(frames) {
  const all = Buffer.from(frames.join(""));
  for (let at = 0; at < all.length; at += 7) yield all.subarray(at, at + 7);
}

// The answers that a cell has its server give, one for each request, and the requests that came.
export class Script {
  constructor(dialect, key) {
    this.key = key;
    this.dialect = dialects[dialect];
    this.replies = [];
    this.calls = [];
    this.complaints = [];
  }

  // A reply (see rules.mjs), or with `fails` a class of error, with `breaks` how a stream ends
  // behind its text: "error", "cut" or "hang"; with `torn` the bytes of a stream come in small pieces.
  answer(reply) {
    this.replies.push(reply);
  }

  receive(call) {
    this.calls.push(call);
    const reply = this.replies.shift();
    try {
      call.asked = this.dialect.read(call);
      if (!reply) throw new Refused("a request that nobody expected");
      if (call.key !== this.key) throw new Refused("not the provider's key");
    } catch (error) {
      this.complaints.push(error instanceof Refused ? error.message : error.stack);
      return this.fail(call, error.message);
    }
    if (reply.fails) return this.fail(call, reply.fails);
    return call.asked.stream ? this.stream(call, reply) : this.plain(call, reply);
  }

  fail(call, kind) {
    const { status, body, headers } = this.dialect.error(kind);
    call.response.writeHead(status, { "content-type": "application/json", ...headers });
    call.response.end(JSON.stringify(body));
  }

  plain(call, reply) {
    if (reply.breaks === "hang") return;
    call.response.writeHead(200, { "content-type": "application/json" });
    call.response.end(JSON.stringify(this.dialect.answer(reply, call)));
  }

  // Piece by piece, as a model writes.
  async stream(call, reply) {
    const { response } = call;
    response.writeHead(200, { "content-type": this.dialect.contentType });
    let frames = this.dialect.stream(reply, call);
    if (reply.breaks) {
      const last = frames.findIndex((frame) => frame.includes(`"${reply.text.at(-1)}"`));
      frames = [...frames.slice(0, last + 1), ...(reply.breaks === "error" ? this.dialect.errorInStream(call) : [])];
    }
    for (const frame of reply.torn ? torn(frames) : frames) {
      response.write(frame);
      await new Promise((done) => setImmediate(done));
    }
    if (reply.breaks !== "hang") response.end();
  }
}

export class Upstreams {
  scripts = new Map();
  strangers = [];

  async start() {
    this.server = createServer((request, response) => this.listen(request, response));
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    this.root = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  listen(request, response) {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const call = { headers: request.headers, body: Buffer.concat(parts).toString(), response };
      if (request.method === "GET") return this.tell(request, response);
      response.on("close", () => (call.leftAt = response.writableEnded ? undefined : Date.now()));
      const script = this.find(request.url, call);
      if (script) return script.receive(call);
      this.strangers.push(`${request.url} ${call.body}`);
      response.writeHead(404).end();
    });
  }

  // No model is named, so it belongs to no cell.
  tell(request, response) {
    const isKnown = request.url === `${ollama.base}/api/ps` && ollama.keyOf(request.headers) === this.key;
    if (!isKnown) this.strangers.push(`${request.method} ${request.url}`);
    response.writeHead(isKnown ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(ollama.running));
  }

  find(url, call) {
    const dialect = Object.values(dialects).find(({ base }) => url.startsWith(`${base}/`));
    if (!dialect) return undefined;
    call.path = url.slice(dialect.base.length);
    if (!dialect.path.test(call.path)) return undefined;
    call.json = JSON.parse(call.body);
    call.key = dialect.keyOf(call.headers);
    return this.scripts.get(dialect.modelOf(call));
  }

  // One provider of each dialect, which lists these models and takes any.
  providers(key, models) {
    this.key = key;
    return Object.entries(dialects).map(([id, { base, settings }]) => ({
      id,
      ...settings,
      base_url: this.root + base,
      models,
      accounts: [{ name: "main", api_key: key }],
    }));
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
