// Gemini generateContent, in the vendor's words.
import { any, given, id, ifGiven, oneOf } from "./pattern.mjs";
import { require, sse, version } from "./server.mjs";

const { GoogleGenAI } = require("@google/genai");

export const name = "gemini";
export const call_source = `@google/genai ${version("@google/genai")}, models.generateContent`;
export const answer_source = {
  plain: "Gemini API reference, 'GenerateContentResponse'",
  stream: "Gemini API reference, 'models.streamGenerateContent'; recorded streams (FirebaseExtended/" +
    "vertexai-sdk-test-data, mock-responses/googleai)",
  thinking: "; Gemini docs, 'Thinking' and 'Thought signatures'",
  error: "Gemini docs, 'Troubleshooting guide'; mock-responses/googleai of FirebaseExtended/vertexai-sdk-test-data",
};
export const target = "gemini-2.5-flash";
export const type = (is_stream) => (is_stream ? "text/event-stream" : "application/json");

// Gemini docs, 'OpenAI compatibility', 'Thinking': what the efforts are in tokens.
const budgets = { low: 1024, medium: 8192, high: 24576 };

export const says = { files: true, top_k: true, frequency_penalty: true, presence_penalty: true, thought: true, proof: true, thinking: true, choice: true, tool_error: true, stop: true, seed: true, ids: false, schema_name: false, effort: true };
// The calls of 2.5 models have no ids, and come whole.
export const tells = { id: true, created: false, ids: false, pieces: false, cached: true, reasoning: true, no_zero: true, proof: true };
export const dropped = { top_p: "topP", top_k: "topK", frequency_penalty: "frequencyPenalty", presence_penalty: "presencePenalty", stop: "stopSequences", seed: "seed" };
export const shows = (said) => said.effort !== undefined;
export const as_said = (said) => ({ ...said, budget: budgets[said.effort] });

function parts(said) {
  if (typeof said === "string") return [{ text: said }];
  return said.map(({ text, image, link, file }) => {
    if (text) return { text };
    if (link) return { fileData: { fileUri: link.url, mimeType: link.type } };
    if (image) return { inlineData: { mimeType: image.type, data: image.data } };
    return { inlineData: { mimeType: "application/pdf", data: file.data } };
  });
}

function content(turn) {
  if (turn.user) return { role: "user", parts: parts(turn.user) };
  if (turn.results)
    return {
      role: "user",
      parts: turn.results.map((result) => ({
        functionResponse: { name: result.name, response: result.failed ? { error: result.text } : { result: result.text } },
      })),
    };
  const thought = turn.thinking ? [{ text: turn.thinking, thought: true }] : [];
  const text = turn.assistant ? [given({ text: turn.assistant, thoughtSignature: turn.proof })] : [];
  const calls = (turn.calls ?? []).map((call) => ({ functionCall: { name: call.name, args: call.args } }));
  return { role: "model", parts: [...thought, ...text, ...calls] };
}

function function_calling(choice) {
  if (choice === undefined) return undefined;
  const config = typeof choice === "string"
    ? { mode: { auto: "AUTO", none: "NONE", required: "ANY" }[choice] }
    : { mode: "ANY", allowedFunctionNames: [choice.name] };
  return { functionCallingConfig: config };
}

function params(said) {
  const declarations = said.tools?.map((tool) => ({
    name: tool.name, description: tool.description, parametersJsonSchema: tool.schema,
  }));
  return {
    model: said.model,
    contents: said.turns.map(content),
    config: given({
      systemInstruction: said.system,
      tools: declarations && [{ functionDeclarations: declarations }],
      toolConfig: function_calling(said.choice),
      maxOutputTokens: said.limit,
      temperature: said.temperature,
      stopSequences: said.stop,
      topP: said.top_p,
      topK: said.top_k,
      seed: said.seed,
      frequencyPenalty: said.frequency_penalty,
      presencePenalty: said.presence_penalty,
      responseMimeType: said.schema || said.is_json ? "application/json" : undefined,
      responseJsonSchema: said.schema?.schema,
      thinkingConfig: said.effort && { thinkingBudget: said.budget ?? budgets[said.effort], includeThoughts: true },
    }),
  };
}

export async function send(said, url) {
  const client = new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: url } });
  if (!said.stream) return client.models.generateContent(params(said));
  const chunks = [];
  for await (const chunk of await client.models.generateContentStream(params(said))) chunks.push(chunk);
  return chunks;
}

export function relax(body) {
  // The SDK always has it.
  if (Object.keys(body.generationConfig ?? {}).length === 0) body.generationConfig = ifGiven({});
  // Content.role: only of `contents` it means something.
  if (body.systemInstruction) body.systemInstruction.role = ifGiven(body.systemInstruction.role);
  for (const { parts } of body.contents)
    for (const part of parts) {
      // FunctionResponse.response: `output` by name, or else all of it is the output.
      const response = part.functionResponse?.response;
      if (response?.result) part.functionResponse.response = oneOf(response, { output: response.result });
      // FunctionCall.id: older models make none.
      for (const named of [part.functionCall, part.functionResponse]) if (named) named.id = ifGiven(any);
    }
  return body;
}

const finish = { end: "STOP", length: "MAX_TOKENS", calls: "STOP", stop_sequence: "STOP", filtered: "SAFETY" };

function usage(counts, own) {
  const thoughts = counts.reasoning ?? 0;
  const absent = (value) => (value > 0 ? value : own ? undefined : ifGiven(0));
  return given({
    promptTokenCount: counts.input,
    cachedContentTokenCount: absent(counts.cached ?? 0),
    candidatesTokenCount: counts.output - thoughts,
    thoughtsTokenCount: absent(thoughts),
    totalTokenCount: counts.input + counts.output,
    promptTokensDetails: own ? [{ modality: "TEXT", tokenCount: counts.input }] : ifGiven(any),
  });
}

// Part of one piece of the answer. A proof stands on the part behind the thought that it proves
// (own), or on the last words of that thought: on an empty one where it has none.
const call_part = (call) => ({ functionCall: given({ id: call.id, name: call.name, args: call.args }) });
function pieces(said) {
  const is_own = said.own || said.is_same;
  const out = [];
  let proof;
  const put = (part) => {
    out.push(proof && !part.thought ? { ...part, thoughtSignature: proof } : part);
    if (!part.thought) proof = undefined;
  };
  for (const part of said.parts) {
    for (const text of part.thinking ?? []) put({ text, thought: true });
    for (const text of part.text ?? []) put({ text });
    if (part.call) put(call_part(part.call));
    if (part.proof && is_own) proof = part.proof;
    if (part.proof && !is_own) {
      const last = part.thinking?.length ? out.pop() : { text: "", thought: true };
      out.push({ ...last, thoughtSignature: part.proof });
    }
  }
  return out;
}

const names = (said) => ({ modelVersion: said.model, responseId: said.id ?? id("answer") });

function whole(said) {
  const joined = said.parts.map((part) => ({
    ...part, text: part.text && [part.text.join("")],
    thinking: part.thinking && [part.thinking.join("")],
  }));
  const parts = pieces({ ...said, parts: joined });
  // Not in a stream: a thought of another vendor keeps its proof on its own part.
  const at = parts.findIndex((part) => part.thought && part.text === "");
  if (at > 0) parts.splice(at - 1, 2, { ...parts[at], text: parts[at - 1].text });
  return parts;
}

export const answer = (said) => ({
  candidates: [{ content: { parts: whole(said), role: "model" }, finishReason: finish[said.stop], index: 0 }],
  usageMetadata: usage(said.usage, said.own),
  ...names(said),
});

export function stream(said) {
  const early = said.own ? { promptTokenCount: said.usage.input, totalTokenCount: said.usage.input } : ifGiven(any);
  const chunk = (part) => ({
    candidates: [{ content: { parts: [part], role: "model" }, index: 0 }], usageMetadata: early, ...names(said),
  });
  const chunks = pieces(said).map(chunk);
  if (said.failure) {
    const status = oneOf("UNAVAILABLE", "INTERNAL");
    chunks.push({ error: { code: said.own ? said.failure.status : "<count>", message: said.failure.message, status } });
    return sse(chunks);
  }
  if (!said.own) chunks.push(chunk({ text: "" }));
  const last = chunks[chunks.length - 1];
  last.candidates[0] = { ...last.candidates[0], finishReason: finish[said.stop] };
  last.usageMetadata = usage(said.usage, said.own);
  return sse(chunks);
}

const kinds = { 400: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL" };
export const error = ({ status, message }) => ({ error: { code: status, message, status: kinds[status] } });

export function read(message) {
  const chunks = Array.isArray(message) ? message : [message];
  const parts = chunks.flatMap((chunk) => chunk.candidates[0].content.parts);
  const { usageMetadata, candidates } = chunks[chunks.length - 1];
  return {
    text: parts.filter((part) => !part.thought).map((part) => part.text ?? "").join(""),
    calls: parts.filter((part) => part.functionCall).map(({ functionCall }) => ({ name: functionCall.name, args: functionCall.args })),
    stop: candidates[0].finishReason,
    output: usageMetadata.candidatesTokenCount + (usageMetadata.thoughtsTokenCount ?? 0),
  };
}
export const stops = finish;
