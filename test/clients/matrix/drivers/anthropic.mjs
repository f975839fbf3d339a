// The @anthropic-ai/sdk library.
import Anthropic from "@anthropic-ai/sdk";
import { call, classOf } from "./words.mjs";

const kStop = {
  end_turn: "end",
  max_tokens: "length",
  stop_sequence: "sequence",
  tool_use: "calls",
  refusal: "filter",
};
const kChoice = { required: { type: "any" } };

function message(turn) {
  if (turn.answer) return { role: "assistant", content: turn.answer.raw };
  if (turn.role === "tool")
    return {
      role: "user",
      content: turn.results.map(({ id, text }) => ({ type: "tool_result", tool_use_id: id, content: text })),
    };
  if (!turn.image) return { role: turn.role, content: turn.text };
  const { type, data } = turn.image;
  return {
    role: "user",
    content: [
      { type: "text", text: turn.text },
      { type: "image", source: { type: "base64", media_type: type, data } },
    ],
  };
}

const request = (ask) => ({
  model: ask.model,
  messages: ask.turns.map(message),
  max_tokens: ask.maxTokens ?? 4096,
  system: ask.system,
  stop_sequences: ask.stop,
  tool_choice: kChoice[ask.choice],
  tools: ask.tools?.map(({ name, description, schema }) => ({ name, description, input_schema: schema })),
  output_config: ask.schema && { format: { type: "json_schema", schema: ask.schema } },
  thinking: ask.thinks ? { type: "enabled", budget_tokens: 2048 } : undefined,
});

function answer({ content, stop_reason, usage }, pieces) {
  const of = (type) => content.filter((block) => block.type === type);
  return {
    text: of("text")
      .map(({ text }) => text)
      .join(""),
    thought: of("thinking")
      .map(({ thinking }) => thinking)
      .join(""),
    stop: kStop[stop_reason],
    pieces,
    raw: content,
    calls: of("tool_use").map(({ id, name, input }) => ({ id, name, args: input })),
    usage: {
      input: usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens,
      cached: usage.cache_read_input_tokens,
      output: usage.output_tokens,
    },
  };
}

export const connectTo = (url, key) => new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });

export const anthropic = {
  name: "anthropic",
  library: "@anthropic-ai/sdk",
  label: "`@anthropic-ai/sdk` (npm)",
  dialect: "anthropic",
  connect(url, key) {
    const client = connectTo(url, key);
    return {
      chat: (ask) => call(async () => answer(await client.messages.create(request(ask)))),
      stream: (ask) =>
        call(async () => {
          let pieces = 0;
          const stream = client.messages.stream(request(ask)).on("text", () => (pieces += 1));
          return answer(await stream.finalMessage(), pieces);
        }),
      async leave(ask) {
        const stream = client.messages.stream(request(ask)).on("text", () => stream.abort());
        await stream.done().catch((error) => {
          if (!(error instanceof Anthropic.APIUserAbortError)) throw error;
        });
      },
      failure: (error) => classOf(Anthropic, error),
    };
  },
};
