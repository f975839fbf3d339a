// The anthropic libraries' listings and counts, and the same below `beta`.
import Anthropic from "@anthropic-ai/sdk";
import { connectTo } from "../drivers/anthropic.mjs";
import { pythonClient } from "../drivers/python.mjs";
import { classOf } from "../drivers/words.mjs";
import { counts, more } from "./counts.mjs";
import { listed, listedBackwards, retrieved } from "./listing.mjs";

const model = ({ id, display_name: title, max_input_tokens: context, max_tokens: maxOutput }) => ({
  id,
  title,
  context,
  maxOutput,
});

const countRequest = ({ model, text, system, tool, thinks }) => ({
  model,
  messages: [{ role: "user", content: text }],
  system,
  tools: tool && [{ name: tool.name, description: tool.description, input_schema: tool.schema }],
  thinking: thinks && { type: "enabled", budget_tokens: 2048 },
});

function connect(url, key) {
  const client = connectTo(url, key);
  const side = ({ isBeta }) => (isBeta ? client.beta : client);
  return {
    async list(ask) {
      const page = await side(ask).models.list({ limit: ask.pageSize, before_id: ask.before });
      const models = [];
      for await (const one of page) models.push(model(one));
      return { first: page.data.length, models };
    },
    retrieve: async (ask) => model(await side(ask).models.retrieve(ask.model)),
    async count(ask) {
      const told = await side(ask).messages.countTokens(countRequest(ask));
      return { tokens: told.input_tokens, isEstimate: told.estimated === true };
    },
    failure: (error) => classOf(Anthropic, error),
  };
}

const methods = (count) => {
  const keys = ["title", "context", "maxOutput"];
  const asks = [{}, { isBeta: true }];
  return [
    listed("`models.list`, `beta.models.list`, page by page", { keys, isPaged: true, asks }),
    listedBackwards("`models.list` with `before_id`", { keys }),
    retrieved("`models.retrieve`, `beta.models.retrieve`", { keys, asks }),
    ...counts(`\`messages.${count}\`, \`beta.messages.${count}\``, [...asks, more]),
  ];
};

export const anthropic = [
  {
    name: "anthropic-methods",
    library: "@anthropic-ai/sdk",
    label: "`@anthropic-ai/sdk` (npm)",
    connect,
    methods: methods("countTokens"),
  },
  {
    name: "py-anthropic-methods",
    library: "anthropic",
    label: "`anthropic` (PyPI)",
    isPython: true,
    connect: pythonClient("py-anthropic-methods", "anthropic_driver.py", ["list", "retrieve", "count"]),
    methods: methods("count_tokens"),
  },
];
