// The openai libraries' listings, counts and Completions.
import OpenAI from "openai";
import { connectTo } from "../drivers/openai.mjs";
import { pythonClient } from "../drivers/python.mjs";
import { classOf } from "../drivers/words.mjs";
import { counts, more } from "./counts.mjs";
import { embeddings, tokenIds } from "./embeddings.mjs";
import { kept } from "./kept.mjs";
import { listed, retrieved } from "./listing.mjs";
import { older, wordsOfNoChat } from "./older.mjs";

// Beside what the vendor's own models have.
const model = ({ id, name: title, context_length: context, max_output_tokens: maxOutput }) => ({
  id,
  title,
  context,
  maxOutput,
});

const request = ({ model, prompt, maxTokens, more }) => ({ model, prompt, max_tokens: maxTokens, ...more });

const countRequest = ({ model, text, system, tool, thinks }) => ({
  model,
  input: text,
  instructions: system,
  tools: tool && [
    { type: "function", name: tool.name, description: tool.description, parameters: tool.schema, strict: false },
  ],
  reasoning: thinks && { effort: "medium" },
});

const completion = (text, finish, usage, pieces) => ({
  text,
  finish,
  pieces,
  usage: usage && { input: usage.prompt_tokens, output: usage.completion_tokens },
});

const response = ({ id, status, output_text: text }) => ({ id, status, text });

async function all(pages, pick) {
  const out = [];
  for await (const one of pages) out.push(pick(one));
  return out;
}

async function streamed(stream) {
  let text = "",
    pieces = 0,
    finish,
    usage;
  for await (const chunk of stream) {
    usage = chunk.usage ?? usage;
    const [choice] = chunk.choices;
    if (choice?.text) pieces += 1;
    text += choice?.text ?? "";
    finish = choice?.finish_reason ?? finish;
  }
  return completion(text, finish, usage, pieces);
}

function connect(url, key) {
  const client = connectTo(url, key);
  return {
    async list() {
      const page = await client.models.list();
      const models = [];
      for await (const one of page) models.push(model(one));
      return { first: page.data.length, models };
    },
    retrieve: async (ask) => model(await client.models.retrieve(ask.model)),
    async count(ask) {
      const told = await client.responses.inputTokens.count(countRequest(ask));
      return { tokens: told.input_tokens, isEstimate: told.estimated === true };
    },
    async complete(ask) {
      const { choices, usage } = await client.completions.create(request(ask));
      return completion(choices[0].text, choices[0].finish_reason, usage);
    },
    completeStream: async (ask) =>
      streamed(
        await client.completions.create({ ...request(ask), stream: true, stream_options: { include_usage: true } }),
      ),
    respond: async ({ model, text, previous, background }) =>
      response(
        await client.responses.create({ model, input: text, previous_response_id: previous, background }),
      ),
    readResponse: async ({ id }) => response(await client.responses.retrieve(id)),
    deleteResponse: ({ id }) => client.responses.delete(id),
    cancelResponse: async ({ id }) => response(await client.responses.cancel(id)),
    listItems: ({ id }) =>
      all(client.responses.inputItems.list(id, { order: "asc", limit: 2 }), ({ content }) => content[0].text),
    resume: async ({ id, after }) =>
      all(await client.responses.retrieve(id, { stream: true, starting_after: after }), ({ type }) => type),
    async embed({ model, texts, dimensions, format }) {
      const { data, usage } = await client.embeddings.create({
        model,
        input: texts,
        dimensions,
        encoding_format: format,
      });
      return { vectors: data.map(({ embedding }) => [...embedding]), tokens: usage.prompt_tokens };
    },
    failure: (error) => classOf(OpenAI, error),
  };
}

const methods = (count, items) => {
  const keys = ["title", "context", "maxOutput"];
  const completions = "`completions.create`";
  return [
    listed("`models.list`", { keys }),
    retrieved("`models.retrieve`", { keys }),
    ...counts(count, [{}, more]),
    ...older(completions),
    wordsOfNoChat(`${completions}: suffix, several prompts, token ids`, [
      ["suffix", "."],
      ["prompt", ["2+2?", "3+3?"]],
      ["prompt", [[17, 10, 17]]],
    ]),
    ...kept({
      create: "`responses.create`",
      retrieve: "`.retrieve`",
      delete: "`.delete`",
      items,
      cancel: "`.cancel`",
    }),
    // Unless it is told otherwise the library asks for base64.
    embeddings("embed", "`embeddings.create`", { tells: true, dimensions: 2 }, [{}, { format: "float" }]),
    tokenIds("`embeddings.create`: token ids"),
  ];
};

const operations = [
  "list",
  "retrieve",
  "count",
  "complete",
  "completeStream",
  "respond",
  "readResponse",
  "deleteResponse",
  "cancelResponse",
  "listItems",
  "resume",
  "embed",
];

export const openai = [
  {
    name: "openai-methods",
    library: "openai",
    label: "`openai` (npm)",
    connect,
    methods: methods("`responses.inputTokens.count`", "`.inputItems.list`"),
  },
  {
    name: "py-openai-methods",
    library: "openai",
    label: "`openai` (PyPI)",
    isPython: true,
    connect: pythonClient("py-openai-methods", "openai_driver.py", operations),
    methods: methods("`responses.input_tokens.count`", "`.input_items.list`"),
  },
];
