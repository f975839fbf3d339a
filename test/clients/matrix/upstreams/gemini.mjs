// A Gemini server: ai.google.dev/api/generate-content, /api/tokens, /gemini-api/docs/thought-signatures
// and /gemini-api/docs/troubleshooting; errors as google.rpc.Status has them.
import { isEmbedding, gemini as embeddings } from "./embeddings.mjs";
import { full, isToolName, known, must, retryAfter, sse } from "./rules.mjs";

export const base = "/gemini/v1beta";
export const settings = { dialect: "gemini", auth: "x-goog-api-key" };
export const path =
  /^\/models\/[^/:]+:(generateContent|streamGenerateContent\?alt=sse|countTokens|embedContent|batchEmbedContents)$/;
export const keyOf = (headers) => headers["x-goog-api-key"];
export const modelOf = (call) => /models\/([^/:]+):/.exec(call.path)[1];
export const contentType = "text/event-stream";

const kMembers = [
  "contents",
  "systemInstruction",
  "generationConfig",
  "tools",
  "toolConfig",
  "safetySettings",
  "cachedContent",
];
const kConfig = [
  "temperature",
  "topP",
  "topK",
  "candidateCount",
  "maxOutputTokens",
  "stopSequences",
  "responseMimeType",
  "responseSchema",
  "responseJsonSchema",
  "presencePenalty",
  "frequencyPenalty",
  "seed",
  "responseLogprobs",
  "logprobs",
  "thinkingConfig",
  "responseModalities",
  "mediaResolution",
];
const kData = ["text", "inlineData", "fileData", "functionCall", "functionResponse"];

function part(value, where) {
  known(value, where, [...kData, "thought", "thoughtSignature"]);
  must(
    kData.filter((key) => key in value).length === 1,
    `${where}: required oneof field 'data' must have one initialized field`,
  );
  must(
    value.thoughtSignature === undefined || /^[A-Za-z0-9+/_-]+=*$/.test(value.thoughtSignature),
    `${where}.thoughtSignature: not Base64`,
  );
  if (value.functionCall) must(isToolName(value.functionCall.name), `${where}.functionCall.name`);
  if (value.functionResponse)
    must(
      isToolName(value.functionResponse.name) && typeof value.functionResponse.response === "object",
      `${where}.functionResponse`,
    );
}

// Bytes come in either of RFC 4648's alphabets.
const plainBase64 = (text) => text.replaceAll("-", "+").replaceAll("_", "/");

const textOf = (parts, thought) =>
  parts
    .filter((one) => Boolean(one.thought) === thought)
    .map(({ text }) => text ?? "")
    .join("");
const resultText = (response) =>
  typeof response.result === "string"
    ? response.result
    : typeof response.output === "string"
      ? response.output
      : (response.error ?? JSON.stringify(response));

function turn({ role, parts }) {
  const of = (key) => parts.filter((one) => key in one).map((one) => one[key]);
  if (role === "model") {
    const calls = of("functionCall").map(({ id, name, args }) => ({ id, name, args: args ?? {} }));
    return {
      role: "assistant",
      text: textOf(parts, false),
      thought: textOf(parts, true),
      calls,
      signature: plainBase64(
        parts
          .map(({ thoughtSignature }) => thoughtSignature)
          .find((it) => it && it !== "skip_thought_signature_validator") ?? "",
      ),
    };
  }
  const results = of("functionResponse").map(({ id, name, response }) => ({
    id,
    name,
    text: resultText(response),
    isError: "error" in response,
  }));
  if (results.length) return { role: "tool", results };
  return {
    role: "user",
    text: textOf(parts, false),
    images: of("inlineData").map(({ mimeType, data }) => ({ type: mimeType, data: plainBase64(data) })),
  };
}

// As many responses as calls, in the content behind them.
function turns(contents) {
  must(contents?.length, "contents: is not specified");
  let open = [];
  const out = [];
  contents.forEach((content, i) => {
    const where = `contents[${i}]`;
    known(content, where, ["role", "parts"]);
    must(["user", "model"].includes(content.role ?? "user"), `${where}.role: ${content.role}`);
    must(content.parts?.length, `${where}.parts must not be empty`);
    content.parts.forEach((one, j) => part(one, `${where}.parts[${j}]`));
    const names = content.parts.filter((one) => one.functionResponse).map((one) => one.functionResponse.name);
    must(
      String(names) === String(open),
      `${where}: the number of function response parts must equal that of the function call parts: ${open}, ${names}`,
    );
    open = content.parts.filter((one) => one.functionCall).map((one) => one.functionCall.name);
    out.push(turn(content));
    const rest = content.parts.filter((one) => !one.functionResponse);
    if (names.length && rest.length) out.push(turn({ role: "user", parts: rest }));
  });
  must(open.length === 0, "function calls without responses");
  return out;
}

// ProtoJSON takes either spelling of a field. Schemas, arguments and results are the caller's own.
const kOwn = ["parametersJsonSchema", "responseJsonSchema", "parameters", "responseSchema", "args", "response"];
function camel(value) {
  if (Array.isArray(value)) return value.map(camel);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const name = key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
      return [name, kOwn.includes(name) ? inner : camel(inner)];
    }),
  );
}

const isCount = ({ path }) => path.endsWith(":countTokens");

// A whole request, which names its model once more, or contents alone.
function counted({ json, path }) {
  known(json, "countTokens", ["contents", "generateContentRequest"]);
  must((json.contents === undefined) !== (json.generateContentRequest === undefined), "contents: one of two");
  if (json.contents) return json;
  const { model, ...request } = json.generateContentRequest;
  must(path === `/${model}:countTokens`, `generateContentRequest.model: ${model}`);
  return request;
}

export function read(call) {
  call.json = camel(call.json);
  if (isEmbedding(call)) return embeddings.read(call);
  if (isCount(call)) call.json = counted(call);
  const { json } = call;
  known(json, "request", kMembers);
  const config = json.generationConfig ?? {};
  known(config, "generationConfig", kConfig);
  known(config.thinkingConfig ?? {}, "thinkingConfig", ["includeThoughts", "thinkingBudget", "thinkingLevel"]);
  const tools = (json.tools ?? [])
    .flatMap((tool) => tool.functionDeclarations ?? [])
    .map((made) => {
      known(made, "functionDeclaration", [
        "name",
        "description",
        "parameters",
        "parametersJsonSchema",
        "response",
        "responseJsonSchema",
        "behavior",
      ]);
      must(isToolName(made.name), "a functionDeclaration lacks something");
      return { name: made.name, description: made.description, schema: made.parametersJsonSchema ?? made.parameters };
    });
  const schema = config.responseJsonSchema ?? config.responseSchema;
  must(
    !schema || config.responseMimeType === "application/json",
    "responseSchema needs responseMimeType application/json",
  );
  const { thinkingConfig: thinking } = config;
  return {
    stream: call.path.includes("streamGenerateContent"),
    system: (json.systemInstruction?.parts ?? []).map(({ text }) => text).join("\n"),
    turns: turns(json.contents),
    tools,
    isForced: json.toolConfig?.functionCallingConfig?.mode === "ANY",
    schema,
    thinks: Boolean(thinking) && thinking.thinkingBudget !== 0,
    maxTokens: config.maxOutputTokens,
    stop: config.stopSequences ?? [],
  };
}

const kFinish = { end: "STOP", length: "MAX_TOKENS", sequence: "STOP", calls: "STOP", filter: "SAFETY" };

const usage = ({ input, cached, output, thinking }) => ({
  promptTokenCount: input,
  candidatesTokenCount: output - thinking,
  totalTokenCount: input + output,
  ...(cached && { cachedContentTokenCount: cached }),
  ...(thinking && { thoughtsTokenCount: thinking }),
  promptTokensDetails: [{ modality: "TEXT", tokenCount: input }],
});

const chunk = (parts, counts, finishReason) => ({
  candidates: [
    { ...(parts.length && { content: { parts, role: "model" } }), ...(finishReason && { finishReason }), index: 0 },
  ],
  usageMetadata: usage(counts),
  modelVersion: "gemini-2.5-pro",
  responseId: "Il0taoSYJ5Cez7IP",
});

// Thoughts are shown to those that ask. The first call bears the proof, or else the last text.
function partsOf({ thought, signature, calls }, json) {
  const shows = thought && json.generationConfig?.thinkingConfig?.includeThoughts;
  return {
    proof: signature ? { thoughtSignature: signature } : {},
    thoughts: shows ? [{ text: thought, thought: true }] : [],
    made: calls.map(({ id, name, args }, i) => ({
      functionCall: { id, name, args },
      ...(i === 0 && signature && { thoughtSignature: signature }),
    })),
  };
}

export function answer(reply, call) {
  const { json } = call;
  if (isCount(call)) return { totalTokens: reply.tokens };
  if (isEmbedding(call)) return embeddings.answer(reply, call);
  const whole = full(reply);
  const { proof, thoughts, made } = partsOf(whole, json);
  const text = whole.text.length ? [{ text: whole.text.join(""), ...(made.length ? {} : proof) }] : [];
  return chunk([...thoughts, ...text, ...made], whole.usage, kFinish[whole.stop]);
}

export function stream(reply, { json }) {
  const whole = full(reply);
  const { proof, thoughts, made } = partsOf(whole, json);
  const steps = [...thoughts.map((one) => [one]), ...whole.text.map((text) => [{ text }]), ...made.map((one) => [one])];
  const last = made.length || !whole.signature ? [] : [{ text: "", ...proof }];
  return [
    ...steps.map((parts) => chunk(parts, { ...whole.usage, output: whole.usage.thinking })),
    chunk(last, whole.usage, kFinish[whole.stop]),
  ].map((frame) => sse(frame));
}

export const errors = {
  bad_request: [400, "INVALID_ARGUMENT", "Request contains an invalid argument: too odd."],
  auth: [401, "UNAUTHENTICATED", "Request had invalid authentication credentials."],
  not_found: [404, "NOT_FOUND", "models/c is not found for API version v1beta."],
  rate_limit: [429, "RESOURCE_EXHAUSTED", "You exceeded your current quota."],
  server: [500, "INTERNAL", "An internal error has occurred."],
  overloaded: [503, "UNAVAILABLE", "The model is overloaded. Please try again later."],
};

// The wait is said in the body alone.
export function error(kind) {
  const [code, status, message] = errors[kind] ?? [400, "INVALID_ARGUMENT", kind];
  const details =
    kind === "rate_limit"
      ? { details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: `${retryAfter}s` }] }
      : {};
  return { status: code, message, body: { error: { code, message, status, ...details } }, headers: {} };
}

export const errorInStream = () => [sse(error("overloaded").body)];
