// The models that Ollama servers have in memory.
import assert from "node:assert/strict";
import { running } from "../upstreams/ollama.mjs";
import { any, method } from "./method.mjs";

// Under the provider's id, and otherwise as the server says.
async function told(t) {
  const [one] = running.models;
  const name = `ollama/${one.name}`;
  const { models } = await t.client.ps();
  assert.deepEqual(
    models.map((model) => ({ ...model, expires_at: new Date(model.expires_at).getTime() })),
    [{ ...one, name, model: name, expires_at: new Date(one.expires_at).getTime() }],
  );
}

export const ps = method("ps", "`ps`", [any], told);
