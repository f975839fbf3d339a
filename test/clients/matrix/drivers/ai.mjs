// The ai SDK with the providers of three vendors.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, generateText, jsonSchema, Output, streamText, tool } from "ai";
import { call, kindOf } from "./words.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

const kStop = { stop: "end", length: "length", "tool-calls": "calls", "content-filter": "filter" };

// How each provider is told what the ai SDK has no common word for. Models it does not know by name
// are said to be thinking ones.
const kProviders = {
  openai: {
    dialect: "openai",
    open: (url, apiKey) => {
      const made = createOpenAI({ baseURL: `${url}/v1`, apiKey });
      return (model) => made.chat(model);
    },
    options: ({ thinks }) => ({ openai: thinks ? { forceReasoning: true, reasoningEffort: "medium" } : {} }),
  },
  responses: {
    dialect: "responses",
    always: "store",
    open: (url, apiKey) => {
      const made = createOpenAI({ baseURL: `${url}/v1`, apiKey });
      return (model) => made.responses(model);
    },
    options: ({ thinks }) => ({
      openai: {
        store: false,
        ...(thinks && { forceReasoning: true, reasoningEffort: "medium", reasoningSummary: "auto" }),
      },
    }),
  },
  anthropic: {
    dialect: "anthropic",
    open: (url, apiKey) => createAnthropic({ baseURL: `${url}/v1`, apiKey }),
    options: ({ thinks }) => ({
      anthropic: {
        structuredOutputMode: "outputFormat",
        ...(thinks && { thinking: { type: "enabled", budgetTokens: 2048 } }),
      },
    }),
  },
  // A name with a slash is taken for the whole path of the model.
  google: {
    dialect: "gemini",
    wraps: (name, content) => JSON.stringify({ name, content }),
    open: (url, apiKey) => {
      const made = createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey });
      return (model) => made(`models/${model}`);
    },
    options: ({ thinks }) => ({
      google: thinks ? { thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } } : {},
    }),
  },
};

function messages({ turns }) {
  return turns.flatMap((turn) => {
    if (turn.answer) return turn.answer.raw;
    if (turn.role === "tool")
      return {
        role: "tool",
        content: turn.results.map(({ id, name, text }) => ({
          type: "tool-result",
          toolCallId: id,
          toolName: name,
          output: { type: "text", value: text },
        })),
      };
    if (!turn.image) return { role: turn.role, content: turn.text };
    return {
      role: "user",
      content: [
        { type: "text", text: turn.text },
        { type: "image", image: turn.image.data, mediaType: turn.image.type },
      ],
    };
  });
}

const request = (provider, model, ask) => ({
  model: model(ask.model),
  system: ask.system,
  messages: messages(ask),
  maxOutputTokens: ask.maxTokens,
  stopSequences: ask.stop,
  toolChoice: ask.choice,
  maxRetries: 0,
  tools:
    ask.tools &&
    Object.fromEntries(
      ask.tools.map(({ name, description, schema }) => [name, tool({ description, inputSchema: jsonSchema(schema) })]),
    ),
  output: ask.schema && Output.object({ name: "reply", schema: jsonSchema(ask.schema) }),
  providerOptions: provider.options(ask),
});

async function answer(result, pieces) {
  const usage = await result.usage;
  return {
    text: await result.text,
    thought: (await result.reasoningText) ?? "",
    stop: kStop[await result.finishReason],
    pieces,
    raw: (await result.response).messages,
    calls: (await result.toolCalls).map(({ toolCallId, toolName, input }) => ({
      id: toolCallId,
      name: toolName,
      args: input,
    })),
    usage: {
      input: usage.inputTokens,
      cached: usage.inputTokenDetails.cacheReadTokens ?? 0,
      output: usage.outputTokens,
    },
  };
}

// Failures of a stream are parts of it.
async function stream(options) {
  const result = streamText({ ...options, onError() {} });
  let pieces = 0;
  for await (const part of result.fullStream) {
    if (part.type === "error") throw part.error;
    if (part.type === "text-delta") pieces += 1;
  }
  return answer(result, pieces);
}

// What a provider throws within a stream is sometimes the bare event.
function failure(error) {
  const text = typeof error === "string" ? error : (error.message ?? JSON.stringify(error));
  if (!APICallError.isInstance(error)) return { kind: "stream", message: text };
  return {
    status: error.statusCode,
    kind: kindOf(error.statusCode),
    message: `${text} ${error.responseBody}`,
    retryAfter: error.responseHeaders?.["retry-after"],
  };
}

function driver(name, provider) {
  const library = `@ai-sdk/${name === "responses" ? "openai" : name}`;
  const label = `\`ai\` (npm) with \`${library}\`${{ openai: ", Chat Completions", responses: ", Responses" }[name] ?? ""}`;
  return {
    name: `ai-${name}`,
    library,
    label,
    dialect: provider.dialect,
    always: provider.always,
    wraps: provider.wraps,
    connect(url, key) {
      const model = provider.open(url, key);
      return {
        chat: (ask) => call(async () => answer(await generateText(request(provider, model, ask)))),
        stream: (ask) => call(() => stream(request(provider, model, ask))),
        async leave(ask) {
          const controller = new AbortController();
          const { fullStream } = streamText({
            ...request(provider, model, ask),
            abortSignal: controller.signal,
            onError() {},
          });
          for await (const part of fullStream) if (part.type === "text-delta") controller.abort();
        },
        failure,
      };
    },
  };
}

export const ai = Object.entries(kProviders).map(([name, provider]) => driver(name, provider));
