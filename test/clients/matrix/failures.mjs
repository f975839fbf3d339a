// The features of what goes wrong: see features.mjs.
import assert from "node:assert/strict";
import { feature, four, question } from "./words.mjs";

const kClass = { overloaded: "server" };

// Before the answer has begun it is all the same whether it was to be a stream.
const fails = (kind) => async (t) => {
  for (const way of ["chat", "stream"]) {
    t.answers({ fails: kind });
    const failure = await t.failing(() => t[way]({ turns: question }));
    const { status, message } = t.error(kind);
    assert.deepEqual([failure.status, failure.kind], [status, kClass[kind] ?? kind]);
    assert.ok(failure.message.includes(message), `${failure.message} does not say ${message}`);
  }
};

async function retryAfter(t) {
  t.answers({ fails: "rate_limit" });
  assert.equal((await t.failing(() => t.chat({ turns: question }))).retryAfter, "7");
}

async function errorInStream(t) {
  t.answers({ ...four, breaks: "error" });
  const failure = await t.failing(() => t.stream({ turns: question }));
  assert.match(failure.message, /overloaded|server had an error|error was encountered/i);
}

async function brokenStream(t) {
  t.answers({ ...four, breaks: "cut" });
  const failure = await t.failing(() => t.stream({ turns: question }));
  assert.match(failure.message, /before the answer was complete/);
}

async function leaving(t) {
  t.answers({ ...four, breaks: "hang" });
  await t.leave({ turns: question });
  await t.until(() => t.script.calls[0].leftAt, "the server's request is cancelled");
}

export const failures = [
  feature("bad_request", "Error 400", fails("bad_request")),
  feature("auth", "Error 401", fails("auth")),
  feature("not_found", "Error 404", fails("not_found")),
  feature("rate_limit", "Error 429", fails("rate_limit")),
  feature("retry_after", "Error 429 with its wait", retryAfter),
  feature("server", "Error 500", fails("server")),
  feature("overloaded", "Error 503 or 529", fails("overloaded")),
  feature("error_in_stream", "Error within a stream", errorInStream),
  feature("broken_stream", "Stream that breaks off", brokenStream),
  feature("leaving", "Client that leaves", leaving),
];
