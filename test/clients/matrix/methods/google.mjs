// The google-genai libraries' listings and counts.
import { connectTo, failure } from "../drivers/google.mjs";
import { pythonClient } from "../drivers/python.mjs";
import { counts } from "./counts.mjs";
import { embeddings } from "./embeddings.mjs";
import { listed, retrieved } from "./listing.mjs";
import { nothingThere, refusal } from "./refusals.mjs";

const model = ({ name, displayName: title, inputTokenLimit: context, outputTokenLimit: maxOutput }) => ({
  id: /^models\/(.+)$/.exec(name)[1],
  title,
  context,
  maxOutput,
});

function connect(url, key) {
  const { models } = connectTo(url, key);
  return {
    async list({ pageSize }) {
      const pager = await models.list({ config: { pageSize } });
      const first = pager.pageLength;
      const all = [];
      for await (const one of pager) all.push(model(one));
      return { first, models: all };
    },
    retrieve: async (ask) => model(await models.get({ model: ask.model })),
    async count(ask) {
      const { totalTokens, sdkHttpResponse } = await models.countTokens({ model: ask.model, contents: ask.text });
      return { tokens: totalTokens, isEstimate: sdkHttpResponse.headers["x-omniroute-estimated"] === "true" };
    },
    async embed({ model, texts, dimensions: outputDimensionality }) {
      const told = await models.embedContent({ model, contents: texts, config: { outputDimensionality } });
      return { vectors: told.embeddings.map(({ values }) => values) };
    },
    tuned: () => models.list({ config: { queryBase: false } }),
    compute: () => models.computeTokens({ model: "gemini/any", contents: "2+2?" }),
    failure,
  };
}

const methods = ({ count, compute, tuned, embed }) => {
  const keys = ["title", "context", "maxOutput"];
  return [
    listed("`models.list`, page by page", { keys, isPaged: true }),
    nothingThere("tuned", `\`models.list\` with \`${tuned}\``, "There are no tuned models here: 404."),
    retrieved("`models.get`", { keys }),
    ...counts(`\`models.${count}\``),
    embeddings("embed", `\`models.${embed}\``, { dimensions: 2 }),
    refusal("compute", `\`models.${compute}\``, "The library asks Vertex AI alone, and says so.", {
      kind: "stream",
      message: /only supported/,
    }),
  ];
};

export const google = [
  {
    name: "google-methods",
    library: "@google/genai",
    label: "`@google/genai` (npm)",
    connect,
    methods: methods({
      count: "countTokens",
      compute: "computeTokens",
      tuned: "queryBase: false",
      embed: "embedContent",
    }),
  },
  {
    name: "py-google-methods",
    library: "google-genai",
    label: "`google-genai` (PyPI)",
    isPython: true,
    connect: pythonClient("py-google-methods", "google_driver.py", [
      "list",
      "retrieve",
      "count",
      "embed",
      "tuned",
      "compute",
    ]),
    methods: methods({
      count: "count_tokens",
      compute: "compute_tokens",
      tuned: "query_base: False",
      embed: "embed_content",
    }),
  },
];
