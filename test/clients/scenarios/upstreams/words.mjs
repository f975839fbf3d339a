// What the vendors of the scenarios have in common. A model's answer is told in nobody's dialect:
//   says: [{thought}, {text}, {call, args} or {call, input}, {call, space, args} of a tool in a namespace], in the order the model said it;
//   usage: {input, cached, output, thinking}; input holds what was cached, output the thinking;
//   or {tokens}, where they are only to be counted.
import { createHash } from "node:crypto";
import { must } from "../../matrix/upstreams/rules.mjs";

export { Refused, isObjectSchema, known, must, sse } from "../../matrix/upstreams/rules.mjs";

// Small pieces, which fall into words, escapes and numbers.
export function pieces(text, size = 9) {
  const out = [];
  const letters = [...text];
  for (let at = 0; at < letters.length; at += size) out.push(letters.slice(at, at + size).join(""));
  return out.length ? out : [""];
}

export function usageOf({ usage = {} }) {
  return { input: 1800, cached: 0, output: 90, thinking: 0, ...usage };
}

export const hasCalls = ({ says }) => says.some(({ call }) => call);

// The name of a call where tools have no namespaces.
export const flatName = ({ call, space }) => (space ? `${space}__${call}` : call);

// What a vendor knows of one conversation: the proofs it gave, and the answer each belongs to.
export class Memory {
  constructor(cell) {
    this.cell = cell;
    this.proofs = new Map();
    this.ids = new Map();
  }

  // Base64, as all three vendors that sign write their proofs.
  sign(thought, shape) {
    const text = `${this.cell} ${this.proofs.size} ${thought}`;
    const proof = Buffer.from(createHash("sha256").update(text).digest("hex") + text).toString("base64");
    this.proofs.set(proof, { thought, shape });
    return proof;
  }

  recall(proof, where) {
    const found = this.proofs.get(proof);
    must(found, `${where}: Invalid signature: ${String(proof).slice(0, 60)}`);
    return found;
  }

  // The same call has the same id however often it is asked for.
  id(prefix, length) {
    const name = `${this.cell} ${this.ids.size}`;
    const id = prefix + createHash("sha256").update(name).digest("hex").slice(0, length);
    this.ids.set(id, name);
    return id;
  }
}

export function uniqueNames(names, where) {
  for (const name of names)
    must(names.indexOf(name) === names.lastIndexOf(name), `${where}: tool names must be unique: ${name}`);
}

export function short(value, limit, where) {
  must(
    value === undefined || value === null || value.length <= limit,
    `Invalid '${where}': string too long. Expected a string with maximum length ${limit}, ` +
      `but got a string with length ${value?.length} instead.`,
  );
}

export const isText = (value) => typeof value === "string";

// What OpenAI asks of a schema that it is to hold a model to.
export function strictSchema(schema, where) {
  if (schema === null || typeof schema !== "object") return;
  if (schema.type === "object") {
    const names = Object.keys(schema.properties ?? {});
    must(schema.additionalProperties === false, `${where}: 'additionalProperties' must be false`);
    must(
      names.every((name) => schema.required?.includes(name)),
      `${where}: 'required' must list every property`,
    );
    for (const name of names) strictSchema(schema.properties[name], `${where}.${name}`);
  }
  if (schema.items) strictSchema(schema.items, `${where}.items`);
}
