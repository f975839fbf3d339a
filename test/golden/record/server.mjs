// A local server that answers what it is told to and keeps what it was sent.
import { createServer } from "node:http";
import { createRequire } from "node:module";

// The SDKs are those of the client tests.
export const require = createRequire(new URL("../../clients/package.json", import.meta.url));
export const version = (name) => {
  const paths = require.resolve.paths(name);
  for (const path of paths) {
    try {
      return require(`${path}/${name}/package.json`).version;
    } catch {
      // The next folder may have it.
    }
  }
  throw new Error(`${name} is not installed: npm ci in test/clients`);
};

// Runs `call(url)` against a server that gives `answer` ({status, type, body}); returns what the
// call gave, or its error, and the request that it sent.
export async function exchange(answer, call) {
  const sent = {};
  const server = createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      sent.path = request.url;
      sent.body = Buffer.concat(parts).toString();
      response.writeHead(answer.status ?? 200, { "content-type": answer.type ?? "application/json" });
      response.end(answer.body);
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  try {
    return { sent, read: await call(`http://127.0.0.1:${server.address().port}`) };
  } catch (error) {
    return { sent, error };
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}

export const sse = (events, named) =>
  events
    .map((event) => (typeof event === "string" ? event : JSON.stringify(event)))
    .map((data, at) => `${named ? `event: ${events[at].type}\n` : ""}data: ${data}\n\n`)
    .join("");
