// The ollama library's listings and generate.
import assert from "node:assert/strict";
import { connectTo, failure } from "../drivers/ollama.mjs";
import { pythonClient } from "../drivers/python.mjs";
import { embeddings } from "./embeddings.mjs";
import { listed, retrieved } from "./listing.mjs";
import { any, method } from "./method.mjs";
import { older, wordsOfNoChat } from "./older.mjs";
import { ps } from "./running.mjs";

// Two words for one thing, and users take either.
function listedModel({ name, model: id }) {
  assert.equal(name, id);
  return { id };
}

// The family is the provider, and the limit stands below its name.
function model({ model_info: info, capabilities }) {
  assert.ok(capabilities.includes("completion"));
  return { title: info["general.basename"], context: info[`${info["general.architecture"]}.context_length`] };
}

const request = ({ model, prompt, system, maxTokens, more }) => ({
  model,
  prompt,
  system,
  options: { num_predict: maxTokens },
  ...more,
});

const generated = (lines, pieces) => ({
  text: lines.map(({ response }) => response).join(""),
  finish: lines.at(-1).done_reason,
  usage: { input: lines.at(-1).prompt_eval_count, output: lines.at(-1).eval_count },
  pieces,
});

function connect(url, key) {
  const client = connectTo(url, key);
  return {
    async list() {
      const { models } = await client.list();
      return { first: models.length, models: models.map(listedModel) };
    },
    retrieve: async (ask) => model(await client.show({ model: ask.model })),
    complete: async (ask) => generated([await client.generate(request(ask))]),
    async completeStream(ask) {
      const lines = [];
      for await (const line of await client.generate({ ...request(ask), stream: true })) lines.push(line);
      return generated(lines, lines.filter(({ response }) => response).length);
    },
    version: () => client.version(),
    ps: () => client.ps(),
    async embed({ model, texts, dimensions, isOlder }) {
      if (isOlder) return { vectors: [(await client.embeddings({ model, prompt: texts[0] })).embedding] };
      const told = await client.embed({ model, input: texts, dimensions });
      return { vectors: told.embeddings, tokens: told.prompt_eval_count };
    },
    failure,
  };
}

async function version(t) {
  assert.match((await t.client.version()).version, /^\d+\.\d+\.\d+$/);
}

const methods = [
  listed("`list`", {}),
  retrieved("`show`", { keys: ["title", "context"], showsId: false }),
  method("version", "`version`", [any], version),
  ...older("`generate`", { system: "Be brief." }),
  wordsOfNoChat(
    "`generate`: suffix, template, context, raw",
    [
      ["suffix", "."],
      ["template", "{{ .Prompt }}"],
      ["context", [1, 2, 3]],
      ["raw", true],
    ],
    ["ollama"],
  ),
  ps,
  embeddings("embed", "`embed`", { tells: true, dimensions: 2 }),
  embeddings("embeddings", "`embeddings`", {}, [{ isOlder: true }]),
];

export const ollama = [
  {
    name: "ollama-methods",
    library: "ollama",
    label: "`ollama` (npm)",
    connect,
    methods,
  },
  {
    name: "py-ollama-methods",
    library: "ollama",
    label: "`ollama` (PyPI)",
    isPython: true,
    connect: pythonClient("py-ollama-methods", "ollama_driver.py", [
      "list",
      "retrieve",
      "complete",
      "completeStream",
      "embed",
      "ps",
    ]),
    // The library has no call for the version.
    methods: methods.filter(({ name }) => name !== "version"),
  },
];
