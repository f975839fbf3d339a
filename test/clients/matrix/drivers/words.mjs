// What a feature asks of a client library, whichever it is, and what it gets back.
//
// A driver is {name, library, label, dialect, always, connect(url, key)}, where `always` is what it sends
// unasked and not every server knows, and wraps(name, text), if given, what it makes of a tool's result; the latter gives {chat, stream, leave,
// failure}. An ask is {model, system, turns, tools, choice, schema, thinks, maxTokens, stop}; turns are
//   {role: "user", text, image}, {role: "assistant", text}, {role: "tool", results: [{id, name, text}]}
//   and {answer}, an answer of the same driver, given back as the library gave it.
// An answer is {text, thought, calls: [{id, name, args}], stop, usage, pieces, dropped, raw}, as the
// words of ../upstreams/rules.mjs; `pieces` counts the deltas of the text, `dropped` is the header
// X-OmniRoute-Dropped. A failure is {status, kind, message, retryAfter}; where
// the library hides headers, the error's member `wait` tells what came.
import { AsyncLocalStorage } from "node:async_hooks";

// Libraries show headers each in its own way, or not at all; all of them fetch.
const current = new AsyncLocalStorage();
const plainFetch = globalThis.fetch;

// Node's fetch holds what passes an abort on by a weak reference alone, and forgets the abort once
// its garbage collector has come by (github.com/nodejs/undici/issues/3644; often in Node 18): the
// client would never leave.
globalThis.WeakRef = class {
  constructor(target) {
    this.target = target;
  }
  deref() {
    return this.target;
  }
};

globalThis.fetch = async (...args) => {
  const seen = current.getStore();
  const response = await plainFetch(...args);
  if (seen) seen.headers = response.headers;
  return response;
};

// Runs one call of a library and adds to its answer what the headers say.
export const call = (run) =>
  current.run({}, async () => {
    const header = (name) => current.getStore().headers?.get(name);
    try {
      return { ...(await run()), dropped: header("x-omniroute-dropped")?.split(", ") ?? [] };
    } catch (error) {
      if (typeof error === "object") error.wait = header("retry-after");
      throw error;
    }
  });

const kKinds = { 400: "bad_request", 401: "auth", 404: "not_found", 429: "rate_limit" };
export const kindOf = (status) =>
  kKinds[status] ?? (status >= 500 ? "server" : status === undefined ? "stream" : "other");

// Vendors' generated libraries have a class for each.
export function classOf(library, error) {
  const classes = {
    bad_request: library.BadRequestError,
    auth: library.AuthenticationError,
    not_found: library.NotFoundError,
    rate_limit: library.RateLimitError,
    server: library.InternalServerError,
  };
  const kind = Object.keys(classes).find((key) => error instanceof classes[key]) ?? "stream";
  return {
    status: error.status,
    kind,
    message: error.message,
    retryAfter: error.headers?.get("retry-after") ?? undefined,
  };
}

// Leaves as soon as something was said.
export async function leaveFirst(stream, abort) {
  try {
    for await (const piece of stream) if (piece) abort();
  } catch (error) {
    if (!/abort/i.test(`${error.name} ${error.message}`)) throw error;
  }
}
