// Gemini's API for the scenarios: ai.google.dev/api/generate-content and /api/caching (Schema,
// FunctionDeclaration), /gemini-api/docs/thought-signatures and /gemini-api/docs/thinking.
import {
  flatName,
  hasCalls,
  isObjectSchema,
  isText,
  known,
  must,
  pieces,
  sse,
  uniqueNames,
  usageOf,
} from "./words.mjs";

export const dialect = "gemini";
export const signs = true;
// The vendor's older models give none; what is without them is the harder half.
export const hasIds = false;
export const countsTokens = true;

export const shows = ({ asked }) => asked.shows;

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
];
// The OpenAPI subset that `parameters` and `responseSchema` take.
const kSchema = [
  "type",
  "format",
  "title",
  "description",
  "nullable",
  "enum",
  "maxItems",
  "minItems",
  "properties",
  "required",
  "minProperties",
  "maxProperties",
  "minLength",
  "maxLength",
  "pattern",
  "example",
  "anyOf",
  "propertyOrdering",
  "default",
  "items",
  "minimum",
  "maximum",
];
const kData = ["text", "inlineData", "fileData", "functionCall", "functionResponse"];
const kNoProof = "skip_thought_signature_validator";

const isCount = (call) => call.path.endsWith(":countTokens");
const isSigner = (call) => /gemini-[3-9]/.test(call.path);
const isName = (name) => /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/.test(name);

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

function openSchema(schema, where) {
  for (const key of Object.keys(schema))
    must(
      kSchema.includes(key),
      `Invalid JSON payload received. Unknown name "${key}" at '${where}': Cannot find field.`,
    );
  const type = schema.type?.toLowerCase?.();
  must(type || schema.anyOf, `${where}.type: must be specified`);
  must(!schema.enum || type === "string", `${where}.enum: only allowed for STRING type`);
  must(type !== "array" || schema.items, `${where}.items: missing field.`);
  for (const name of schema.required ?? [])
    must(name in (schema.properties ?? {}), `${where}.required: property is not defined: ${name}`);
  for (const [name, inner] of Object.entries(schema.properties ?? {}))
    openSchema(inner, `${where}.properties[${name}]`);
  if (schema.items) openSchema(schema.items, `${where}.items`);
  (schema.anyOf ?? []).forEach((inner, i) => openSchema(inner, `${where}.any_of[${i}]`));
}

// Neighbours of one role are one: the vendor's library keeps each piece of a stream as a content.
function joined(contents) {
  const out = [];
  for (const { role, parts } of contents) {
    if (out.at(-1)?.role === role) out.at(-1).parts.push(...parts);
    else out.push({ role, parts: [...parts] });
  }
  return out;
}

class Check {
  signatures = [];

  constructor(call, memory, json) {
    this.json = json;
    this.memory = memory;
    this.needsProof = isSigner(call) && !isCount(call);
  }

  part(value, where) {
    known(value, where, [...kData, "thought", "thoughtSignature"]);
    must(
      kData.filter((key) => key in value).length === 1,
      `${where}: required oneof field 'data' must have one initialized field`,
    );
    if (value.thoughtSignature && value.thoughtSignature !== kNoProof) {
      this.memory.recall(value.thoughtSignature, where);
      this.signatures.push(value.thoughtSignature);
    }
    for (const key of ["functionCall", "functionResponse"])
      must(!value[key] || isName(value[key].name), `${where}.${key}.name: Invalid function name`);
    if (value.functionCall) known(value.functionCall, `${where}.functionCall`, ["id", "name", "args"]);
    if (!value.functionResponse) return;
    known(value.functionResponse, `${where}.functionResponse`, ["id", "name", "response", "parts"]);
    must(value.functionResponse.response?.constructor === Object, `${where}.functionResponse.response: not a Struct`);
  }

  // Calls follow the user or results; as many results as calls, by the same names, come next.
  contents() {
    const { contents } = this.json;
    must(Array.isArray(contents) && contents.length, "contents: contents is not specified");
    contents.forEach((content, i) => {
      const where = `contents[${i}]`;
      known(content, where, ["role", "parts"]);
      must(["user", "model"].includes(content.role), `Please use a valid role: user, model. (${where})`);
      must(content.parts?.length, `${where}.parts: contents.parts must not be empty.`);
      content.parts.forEach((one, j) => this.part(one, `${where}.parts[${j}]`));
    });
    const turns = joined(contents);
    this.pairs(turns);
    if (this.needsProof) this.proofs(turns);
  }

  pairs(turns) {
    let open = [];
    turns.forEach(({ role, parts }, i) => {
      const of = (key) => parts.filter((one) => one[key]).map((one) => one[key].name);
      const [calls, results] = [of("functionCall"), of("functionResponse")];
      must(
        String(results.sort()) === String([...open].sort()),
        "Please ensure that the number of function response parts is equal to the number of function call parts " +
          `of the function call turn: ${open}; ${results}`,
      );
      must(
        (!calls.length || role === "model") && (!results.length || role === "user"),
        `a functionCall or functionResponse of the role ${role}`,
      );
      must(
        !calls.length || i > 0,
        "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
      );
      open = calls;
    });
    must(open.length === 0, `contents: function calls without responses: ${open}`);
  }

  // Of the turn that is still at work, each step's first call is signed.
  proofs(contents) {
    const begin = contents.findLastIndex(
      ({ role, parts }) => role === "user" && !parts.some((one) => one.functionResponse),
    );
    contents.slice(begin + 1).forEach(({ parts }, i) => {
      const first = parts.find((one) => one.functionCall);
      must(
        !first || first.thoughtSignature,
        `Function call is missing a thought_signature in functionCall parts: ${first?.functionCall.name}, ` +
          `position ${begin + 1 + i}`,
      );
    });
  }

  declaration(made, where) {
    known(made, where, ["name", "description", "parameters", "parametersJsonSchema", "response", "responseJsonSchema"]);
    must(isName(made.name), `${where}.name: Invalid function name`);
    must(
      !(made.parameters && made.parametersJsonSchema),
      `${where}: parameters and parametersJsonSchema are mutually exclusive`,
    );
    if (made.parameters) openSchema(made.parameters, `${where}.parameters`);
    must(!made.parametersJsonSchema || isObjectSchema(made.parametersJsonSchema), `${where}.parametersJsonSchema.type`);
  }

  tools() {
    const { tools = [] } = this.json;
    const made = tools.flatMap((tool) => tool.functionDeclarations ?? []);
    made.forEach((one, i) => this.declaration(one, `tools[0].function_declarations[${i}]`));
    uniqueNames(
      made.map(({ name }) => name),
      "Duplicate function declaration found",
    );
    return made;
  }

  config() {
    const { generationConfig: config = {} } = this.json;
    known(config, "generation_config", kConfig);
    const { thinkingConfig: thinking = {} } = config;
    known(thinking, "thinking_config", ["includeThoughts", "thinkingBudget", "thinkingLevel"]);
    must(
      !(thinking.thinkingBudget !== undefined && thinking.thinkingLevel),
      "You can only set only one of thinking budget and thinking level.",
    );
    must(config.maxOutputTokens === undefined || config.maxOutputTokens > 0, "max_output_tokens must be positive");
    const schema = config.responseSchema ?? config.responseJsonSchema;
    must(
      !schema || config.responseMimeType === "application/json",
      "responseSchema needs response_mime_type application/json",
    );
    if (config.responseSchema) openSchema(config.responseSchema, "generation_config.response_schema");
    return thinking;
  }

  run() {
    known(this.json, "request", kMembers);
    this.contents();
    const tools = this.tools();
    const thinking = this.config();
    for (const { text } of this.json.systemInstruction?.parts ?? [])
      must(isText(text), "system_instruction: text only");
    return { tools, shows: thinking.includeThoughts === true };
  }
}

// A whole request, which names its model once more, or contents alone.
function counted(json, path) {
  known(json, "countTokens", ["contents", "generateContentRequest"]);
  must((json.contents === undefined) !== (json.generateContentRequest === undefined), "contents: one of two");
  if (json.contents) return json;
  const { model, ...request } = json.generateContentRequest;
  must(decodeURIComponent(path) === `/${model}:countTokens`, `generateContentRequest.model: ${model}`);
  return request;
}

// A text in pieces as well as whole.
function told({ contents, systemInstruction = "" }) {
  const texts = contents.flatMap(({ parts }) => parts.map(({ text }) => text ?? ""));
  return JSON.stringify(contents) + JSON.stringify(systemInstruction) + texts.join("");
}

export function read(call, memory) {
  const json = isCount(call) ? counted(camel(call.json), call.path) : camel(call.json);
  const check = new Check(call, memory, json);
  const { tools, shows } = check.run();
  return {
    isStream: call.path.includes(":streamGenerateContent"),
    isCount: isCount(call),
    signatures: check.signatures,
    markers: [],
    text: told(json),
    tools,
    isThinking: true,
    shows,
  };
}

// The proof stands on the first call behind a thought, else on the text behind it.
function partsOf(answer, memory, { shows }) {
  const parts = [];
  let proof;
  const give = () => {
    const found = proof ? { thoughtSignature: proof } : {};
    proof = undefined;
    return found;
  };
  answer.says.forEach((said, i) => {
    const isLast = !answer.says[i + 1]?.call;
    if (said.thought !== undefined) {
      proof = memory.sign(said.thought, "");
      if (shows) parts.push({ text: said.thought, thought: true });
    } else if (said.call) {
      parts.push({ functionCall: { name: flatName(said), args: said.args ?? { input: said.input } }, ...give() });
    } else {
      parts.push({ text: said.text, ...(isLast && give()) });
    }
  });
  return parts;
}

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
  modelVersion: "gemini-3-pro-preview",
  responseId: "Il0taoSYJ5Cez7IP",
});

export function answer(told, call, memory) {
  if (isCount(call)) return { totalTokens: told.tokens };
  return chunk(partsOf(told, memory, call.asked), usageOf(told), told.stop ?? "STOP");
}

// Texts come in pieces, the proof of a text in an empty one behind it; calls come whole.
function torn(part) {
  if (!isText(part.text)) return [part];
  const { text, thoughtSignature, ...more } = part;
  const out = pieces(text).map((piece) => ({ text: piece, ...more }));
  return thoughtSignature ? [...out, { text: "", thoughtSignature }] : out;
}

export function stream(told, call, memory) {
  const counts = usageOf(told);
  const steps = partsOf(told, memory, call.asked).flatMap(torn);
  const early = { ...counts, output: counts.thinking };
  const frames = steps.map((part, i) =>
    i < steps.length - 1 || hasCalls(told) ? chunk([part], early) : chunk([part], counts, told.stop ?? "STOP"),
  );
  // Behind calls the vendor ends with an empty text.
  if (hasCalls(told)) frames.push(chunk([{ text: "" }], counts, "STOP"));
  return frames.map((frame) => sse(frame));
}
