// Starts the gateway and a scripted OpenAI server for the tests of this folder.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const binary =
  process.env.OMNIROUTE_BIN ?? fileURLToPath(new URL("../../build/release/omniroute", import.meta.url));
export const slow = Number(process.env.OMNI_TEST_SLOW ?? 1);

// For servers that fail on purpose, in the middle of others' requests: nothing is held against them.
export const patient = {
  cooldown: { api_key_base: "0s", keep_hints: false },
  breaker: { api_key_failures: 1000 },
  wait_for_cooldown: { enabled: false },
};

export const clientKey = "sk-canary-client-77aa11";
export const providerKey = "sk-canary-provider-88bb22";

export async function until(check, what, seconds = 10) {
  const deadline = Date.now() + seconds * 1000 * slow;
  while (Date.now() < deadline) {
    const result = check();
    if (result) return result;
    await new Promise((done) => setTimeout(done, 5));
  }
  throw new Error(`not in time: ${what}`);
}

// A server whose `script(call)` answers each request; call = {headers, body, json, response}.
export class Upstream {
  calls = [];
  script = (call) => this.plain(call, {});

  async start() {
    this.server = createServer((request, response) => {
      const parts = [];
      request.on("data", (part) => parts.push(part));
      request.on("end", () => {
        const body = Buffer.concat(parts).toString();
        const call = { headers: request.headers, body, json: JSON.parse(body), response };
        response.on("close", () => (call.leftAt = response.writableEnded ? undefined : Date.now()));
        this.calls.push(call);
        this.script(call);
      });
    });
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    this.url = `http://127.0.0.1:${this.server.address().port}/v1`;
    return this;
  }

  plain(call, { status = 200, headers = {}, body = completion("four") }) {
    call.response.writeHead(status, { "content-type": "application/json", ...headers });
    call.response.end(JSON.stringify(body));
  }

  open(call) {
    call.response.writeHead(200, { "content-type": "text/event-stream" });
    return (chunk) => call.response.write(`data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`);
  }

  stream(call, chunks) {
    const send = this.open(call);
    for (const chunk of chunks) send(chunk);
    send("[DONE]");
    call.response.end();
  }

  // Events as Anthropic's server writes them.
  messages(call, events) {
    call.response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of events) call.response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    call.response.end();
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

export function completion(content, message = {}) {
  return {
    id: "chatcmpl-1", object: "chat.completion", created: 1790000000, model: "m",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content, ...message } }],
    usage: { prompt_tokens: 18, completion_tokens: 1, total_tokens: 19 },
  };
}

export function chunk(delta, finish = null, more = {}) {
  return {
    id: "chatcmpl-1", object: "chat.completion.chunk", created: 1790000000, model: "m",
    choices: [{ index: 0, delta, finish_reason: finish }], ...more,
  };
}

export class Gateway {
  log = "";

  // `settings` is the configuration; JSON is YAML.
  async start(settings) {
    this.folder = mkdtempSync(join(tmpdir(), "omni-sdk-"));
    writeFileSync(join(this.folder, "gateway.yaml"), JSON.stringify({ storage: { path: "./data" }, ...settings }));
    this.process = spawn(binary, ["serve", "--config", "gateway.yaml"],
      { cwd: this.folder, stdio: ["ignore", "ignore", "pipe"] });
    this.process.stderr.on("data", (text) => (this.log += text));
    this.process.on("exit", (code) => (this.code = code));
    const wanted = settings.listeners.length;
    await until(() => this.urls.length === wanted || this.process.exitCode !== null, "listening line", 20);
    if (this.urls.length !== wanted) throw new Error(this.log);
    return this;
  }

  get urls() {
    return [...this.log.matchAll(/^listening on (http\S+)$/gm)].map((match) => match[1]);
  }

  async stop() {
    this.process.kill("SIGTERM");
    await until(() => this.process.exitCode !== null || this.process.signalCode, "end", 20);
    rmSync(this.folder, { recursive: true, force: true });
    return this.process.exitCode;
  }
}
