// The @google/genai library.
import { ApiError, GoogleGenAI } from "@google/genai";
import { call, kindOf, leaveFirst } from "./words.mjs";

const kStop = { STOP: "end", MAX_TOKENS: "length", SAFETY: "filter" };

function content(turn) {
  if (turn.answer) return { role: "model", parts: turn.answer.raw };
  if (turn.role === "tool")
    return {
      role: "user",
      parts: turn.results.map(({ id, name, text }) => ({ functionResponse: { id, name, response: { output: text } } })),
    };
  const image = turn.image ? [{ inlineData: { mimeType: turn.image.type, data: turn.image.data } }] : [];
  return { role: turn.role === "assistant" ? "model" : "user", parts: [{ text: turn.text }, ...image] };
}

const request = (ask, abortSignal) => ({
  model: ask.model,
  contents: ask.turns.map(content),
  config: {
    systemInstruction: ask.system,
    maxOutputTokens: ask.maxTokens,
    stopSequences: ask.stop,
    abortSignal,
    tools: ask.tools && [
      {
        functionDeclarations: ask.tools.map(({ name, description, schema }) => ({
          name,
          description,
          parametersJsonSchema: schema,
        })),
      },
    ],
    toolConfig: ask.choice === "required" ? { functionCallingConfig: { mode: "ANY" } } : undefined,
    ...(ask.schema && { responseMimeType: "application/json", responseJsonSchema: ask.schema }),
    thinkingConfig: ask.thinks ? { includeThoughts: true, thinkingBudget: 2048 } : undefined,
  },
});

function answer(chunks, pieces) {
  const parts = chunks.flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? []);
  const texts = (isThought) =>
    parts
      .filter((part) => part.text && Boolean(part.thought) === isThought)
      .map(({ text }) => text)
      .join("");
  const calls = parts
    .filter((part) => part.functionCall)
    .map(({ functionCall: { id, name, args } }) => ({ id, name, args }));
  const stop = kStop[chunks.at(-1).candidates?.[0]?.finishReason];
  const counts = chunks.at(-1).usageMetadata;
  return {
    text: texts(false),
    thought: texts(true),
    calls,
    stop: stop === "end" && calls.length ? "calls" : stop,
    pieces,
    raw: parts,
    usage: counts && {
      input: counts.promptTokenCount,
      cached: counts.cachedContentTokenCount ?? 0,
      output: (counts.candidatesTokenCount ?? 0) + (counts.thoughtsTokenCount ?? 0),
    },
  };
}

export const connectTo = (url, key) => new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
export const failure = (error) => ({
  status: error.status,
  kind: error instanceof ApiError ? kindOf(error.status) : "stream",
  message: error.message,
});

export const google = {
  name: "google",
  library: "@google/genai",
  label: "`@google/genai` (npm)",
  dialect: "gemini",
  connect(url, key) {
    const { models } = connectTo(url, key);
    return {
      chat: (ask) => call(async () => answer([await models.generateContent(request(ask))])),
      stream: (ask) =>
        call(async () => {
          const chunks = [];
          for await (const chunk of await models.generateContentStream(request(ask))) chunks.push(chunk);
          return answer(
            chunks,
            chunks.filter(({ candidates }) =>
              candidates?.[0]?.content?.parts?.some(({ text, thought }) => text && !thought),
            ).length,
          );
        }),
      async leave(ask) {
        const controller = new AbortController();
        await leaveFirst(await models.generateContentStream(request(ask, controller.signal)), () => controller.abort());
      },
      failure,
    };
  },
};
