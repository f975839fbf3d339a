// Methods without an endpoint here: the error is one that the library's users can read.
import assert from "node:assert/strict";
import { any, method } from "./method.mjs";

const call = (operation) => (t) => t.client[operation]();

// `expected`: {status, kind, message} of the failure.
export const refusal = (operation, title, reason, { status, kind, message }) =>
  method(operation, title, [any], call(operation), {
    [any]: {
      reason,
      async instead(t) {
        const failure = await t.failing(() => call(operation)(t));
        assert.deepEqual([failure.status ?? undefined, failure.kind], [status, kind]);
        assert.match(failure.message, message);
      },
    },
  });

export const nothingThere = (operation, title, reason) =>
  refusal(operation, title, reason, { status: 404, kind: "not_found", message: /There is nothing at \/v1/ });
