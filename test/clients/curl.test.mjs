// curl, in the protocols that its users choose: HTTP/2 with prior knowledge, and both over TLS.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { chunk, completion, Gateway, slow, until, Upstream } from "./gateway.mjs";

const run = promisify(execFile);
let folder, upstream, gateway, plain, secure;

const curl = (...words) => run("curl", ["-sS", "--max-time", String(20 * slow), "--cacert", join(folder, "cert.pem"), ...words]);
const ways = () => [
  ["2", ["--http2-prior-knowledge"], plain], ["1.1", ["--http1.1"], plain],
  ["2", ["--http2"], secure], ["1.1", ["--http1.1"], secure],
];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "omni-curl-"));
  await run("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"], { cwd: folder });
  upstream = await new Upstream().start();
  gateway = await new Gateway().start({
    listeners: [
      { name: "plain", address: "127.0.0.1:0" },
      { name: "secure", address: "127.0.0.1:0", tls: { certificate: join(folder, "cert.pem"), private_key: join(folder, "key.pem") } },
    ],
    providers: [{ id: "up", dialect: "openai", base_url: upstream.url, auth: "none" }],
  });
  [plain, secure] = gateway.urls.map((url) => url.replace("127.0.0.1", "localhost"));
});

after(async () => {
  assert.equal(await gateway.stop(), 0);
  upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a chat is answered in every protocol", async () => {
  upstream.script = (call) => upstream.plain(call, {});
  for (const [version, flags, url] of ways()) {
    const { stdout } = await curl(...flags, "-w", "\n%{http_version} %{http_code}", `${url}/v1/chat/completions`,
      "-d", JSON.stringify({ model: "up/m", messages: [] }));
    const [body, line] = stdout.split("\n");
    assert.deepEqual(JSON.parse(body), completion("four"));
    assert.equal(line, `${version} 200`);
  }
});

test("a stream comes through unchanged in every protocol", async () => {
  const chunks = [chunk({ role: "assistant" }), chunk({ content: "four" }), chunk({}, "stop")];
  upstream.script = (call) => upstream.stream(call, chunks);
  const expected = chunks.map((part) => `data: ${JSON.stringify(part)}\n\n`).join("") + "data: [DONE]\n\n";
  for (const [, flags, url] of ways()) {
    const { stdout } = await curl("-N", ...flags, `${url}/v1/chat/completions`,
      "-d", JSON.stringify({ model: "up/m", messages: [], stream: true }));
    assert.equal(stdout, expected);
  }
});

test("a curl that is cut off cancels the provider's request", async () => {
  for (const [, flags, url] of ways()) {
    upstream.calls = [];
    upstream.script = (call) => upstream.open(call)(chunk({ content: "4" }));
    const child = execFile("curl", ["-sSN", "--cacert", join(folder, "cert.pem"), ...flags, `${url}/v1/chat/completions`,
      "-d", JSON.stringify({ model: "up/m", messages: [], stream: true })]);
    await new Promise((done) => child.stdout.once("data", done));
    child.kill();
    await until(() => upstream.calls[0].leftAt, "upstream request cancelled");
  }
});
