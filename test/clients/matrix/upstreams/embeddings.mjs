// The embedding endpoints of the servers: platform.openai.com/docs/api-reference/embeddings,
// ai.google.dev/api/embeddings, docs.ollama.com/api/embed and, for the older one, docs/api.md of
// ollama/ollama.
// A request, as a reader gives it: {texts, dimensions}, or {tokens} where it has token ids.
// A reply: {vectors, tokens}.
import { known, must } from "./rules.mjs";

export const isEmbedding = ({ path }) => /embed/i.test(path);

const texts = (input) => {
  const all = [input].flat();
  must(all.length > 0 && all.every((text) => typeof text === "string" && text !== ""), "input: invalid");
  return all;
};
const base64 = (vector) => Buffer.from(new Float32Array(vector).buffer).toString("base64");

export const openai = {
  read({ json }) {
    known(json, "request", ["model", "input", "encoding_format", "dimensions", "user"]);
    must([undefined, "float", "base64"].includes(json.encoding_format), "encoding_format: invalid");
    if (typeof [json.input].flat(2)[0] === "number") return { tokens: json.input };
    return { texts: texts(json.input), dimensions: json.dimensions };
  },
  answer({ vectors, tokens }, { json }) {
    const write = json.encoding_format === "base64" ? base64 : (vector) => vector;
    return {
      object: "list",
      data: vectors.map((vector, index) => ({ object: "embedding", index, embedding: write(vector) })),
      model: json.model,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    };
  },
};

const isBatch = ({ path }) => path.endsWith(":batchEmbedContents");

export const gemini = {
  read(call) {
    const name = /^\/(models\/[^/:]+):/.exec(call.path)[1];
    const requests = isBatch(call) ? call.json.requests : [call.json];
    const read = requests.map((request) => {
      known(request, "request", ["model", "content", "taskType", "title", "outputDimensionality"]);
      must(request.model === name || (!isBatch(call) && !request.model), `model: ${request.model}`);
      known(request.content, "content", ["role", "parts"]);
      return request.content.parts.map(({ text }) => text).join("\n");
    });
    return { texts: texts(read), dimensions: requests[0].outputDimensionality };
  },
  answer({ vectors, tokens }, call) {
    const all = vectors.map((values) => ({ values }));
    return {
      ...(isBatch(call) ? { embeddings: all } : { embedding: all[0] }),
      usageMetadata: { promptTokenCount: tokens },
    };
  },
};

const isOlder = ({ path }) => path === "/api/embeddings";

export const ollama = {
  read(call) {
    const { json } = call;
    known(json, "request", [
      "model",
      "options",
      "keep_alive",
      ...(isOlder(call) ? ["prompt"] : ["input", "truncate", "dimensions"]),
    ]);
    return { texts: texts(isOlder(call) ? json.prompt : json.input), dimensions: json.dimensions };
  },
  answer({ vectors, tokens }, call) {
    if (isOlder(call)) return { embedding: vectors[0] };
    return {
      model: call.json.model,
      embeddings: vectors,
      total_duration: 14143917,
      load_duration: 1019500,
      prompt_eval_count: tokens,
    };
  },
};
