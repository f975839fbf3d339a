// Chat Completions for the scenarios: platform.openai.com/docs/api-reference/chat. `strict` is the
// vendor's own server; the other is one of those that are compatible with it and show what they think.
import {
  flatName,
  hasCalls,
  isObjectSchema,
  isText,
  known,
  must,
  pieces,
  short,
  sse,
  strictSchema,
  uniqueNames,
  usageOf,
} from "./words.mjs";

const kMembers = [
  "model",
  "messages",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "response_format",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "stop",
  "stream",
  "stream_options",
  "reasoning_effort",
  "seed",
  "user",
  "metadata",
  "store",
  "service_tier",
  "prompt_cache_key",
  "safety_identifier",
  "verbosity",
];
const kCompatible = [...kMembers, "max_tokens", "top_k"];
const kEfforts = ["none", "minimal", "low", "medium", "high", "xhigh"];
const kMessage = {
  system: ["role", "content", "name"],
  developer: ["role", "content", "name"],
  user: ["role", "content", "name"],
  assistant: ["role", "content", "name", "refusal", "tool_calls", "audio"],
  tool: ["role", "content", "tool_call_id"],
};
// Of the vendor's ids and names.
const kCallId = 40;
const kUser = 64;

class Check {
  open = new Set();

  constructor({ json }, isStrict) {
    this.json = json;
    this.isStrict = isStrict;
    this.types = isStrict ? ["function", "custom"] : ["function"];
  }

  content(value, where, types) {
    if (isText(value)) return;
    must(
      Array.isArray(value) && value.length,
      `Invalid '${where}.content': expected a string or an array with at least one part`,
    );
    for (const part of value) {
      must(types.includes(part.type), `Invalid '${where}.content': type ${part.type}`);
      known(part, `${where}.content`, ["type", part.type]);
      if (part.type === "image_url")
        must(/^(https:|data:image\/[a-z]+;base64,.)/.test(part.image_url.url), `${where}: image_url`);
    }
  }

  call(call, where) {
    must(this.types.includes(call.type) && call.id, `${where}.type: unknown variant \`${call.type}\``);
    if (this.isStrict) {
      known(call, where, ["id", "type", call.type]);
      short(call.id, kCallId, `${where}.id`);
    }
    if (call.type === "custom") return must(isText(call.custom.input), `${where}.custom.input`);
    must(JSON.parse(call.function.arguments)?.constructor === Object, `${where}.function.arguments: not an object`);
  }

  assistant(message, where) {
    const calls = message.tool_calls;
    must(calls === undefined || calls.length, `Invalid '${where}.tool_calls': empty array.`);
    must(calls || message.refusal || message.content, `${where}: content or tool_calls must be given`);
    if (message.content !== null) this.content(message.content ?? "", where, ["text", "refusal"]);
    (calls ?? []).forEach((call, i) => this.call(call, `${where}.tool_calls[${i}]`));
    this.open = new Set((calls ?? []).map(({ id }) => id));
    must(this.open.size === (calls ?? []).length, `${where}: tool call ids are not unique`);
  }

  messages() {
    const { messages } = this.json;
    must(Array.isArray(messages) && messages.length, "Invalid 'messages': empty array.");
    messages.forEach((message, i) => {
      const where = `messages[${i}]`;
      must(kMessage[message.role], `Invalid value: '${message.role}'. (${where}.role)`);
      if (this.isStrict) known(message, where, kMessage[message.role]);
      if (message.role === "tool") {
        must(
          this.open.delete(message.tool_call_id),
          `${where}: messages with role 'tool' must be a response to a preceding message with 'tool_calls': ${message.tool_call_id}`,
        );
        return this.content(message.content, where, ["text"]);
      }
      must(
        this.open.size === 0,
        `${where}: An assistant message with 'tool_calls' must be followed by tool messages: ${[...this.open]}`,
      );
      if (message.role === "assistant") return this.assistant(message, where);
      this.content(
        message.content,
        where,
        message.role === "user" ? ["text", "image_url", "file", "input_audio"] : ["text"],
      );
    });
    must(this.open.size === 0, `tool_call_ids did not have response messages: ${[...this.open]}`);
  }

  tools() {
    const { tools = [], parallel_tool_calls, tool_choice } = this.json;
    must(
      tools.length || (parallel_tool_calls === undefined && tool_choice === undefined),
      "'parallel_tool_calls' and 'tool_choice' are only allowed when 'tools' are specified.",
    );
    const made = tools.map((tool, i) => {
      const where = `tools[${i}]`;
      must(this.types.includes(tool.type), `${where}.type: unknown variant \`${tool.type}\`, expected \`function\``);
      const one = tool[tool.type];
      must(
        /^[a-zA-Z0-9_-]{1,64}$/.test(one.name),
        `Invalid '${where}.${tool.type}.name': string does not match pattern.`,
      );
      if (tool.type === "custom") {
        must(!one.format?.grammar || one.format.grammar.syntax, `${where}.custom.format.grammar.syntax: missing`);
        return one;
      }
      known(one, where, ["name", "description", "parameters", "strict"]);
      must(
        isObjectSchema(one.parameters),
        `Invalid schema for function '${one.name}': schema must be of type 'object'`,
      );
      if (one.strict) strictSchema(one.parameters, one.name);
      return one;
    });
    uniqueNames(
      made.map(({ name }) => name),
      "tools",
    );
    return made;
  }

  run() {
    const { json } = this;
    for (const key of Object.keys(json))
      must((this.isStrict ? kMembers : kCompatible).includes(key), `Unrecognized request argument supplied: ${key}`);
    this.messages();
    must(
      json.stream || !json.stream_options,
      "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
    );
    must(
      [undefined, ...kEfforts].includes(json.reasoning_effort),
      `Unsupported value: 'reasoning_effort': ${json.reasoning_effort}`,
    );
    if (this.isStrict) short(json.user, kUser, "user");
    short(json.prompt_cache_key, 64, "prompt_cache_key");
    const format = json.response_format?.json_schema;
    if (format) {
      must(/^[a-zA-Z0-9_-]{1,64}$/.test(format.name), "Invalid 'response_format.json_schema.name'");
      if (format.strict) strictSchema(format.schema, "response_format");
    }
    return this.tools();
  }
}

function reader(isStrict) {
  return (call) => ({
    tools: new Check(call, isStrict).run(),
    isStream: call.json.stream === true,
    isCount: false,
    signatures: [],
    markers: [],
    text: JSON.stringify(call.json.messages),
    isThinking: true,
  });
}

const head = (model) => ({
  id: "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
  created: 1741569952,
  model,
  service_tier: "default",
  system_fingerprint: "fp_50cad350e4",
});

const usage = ({ input, cached, output, thinking }) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: thinking, audio_tokens: 0 },
});

const isCustom = (tools, name) => tools.some((tool) => tool.type === "custom" && tool.custom.name === name);

function toolCall(said, { json, id }) {
  const { args, input } = said;
  const call = flatName(said);
  if (isCustom(json.tools ?? [], call)) return { id, type: "custom", custom: { name: call, input } };
  return { id, type: "function", function: { name: call, arguments: JSON.stringify(args ?? { input }) } };
}

// The vendor's own server says nothing of what it thinks.
const shown = (told, isStrict) => told.says.filter(({ thought }) => thought === undefined || !isStrict);

function answerer(isStrict) {
  return (told, { json }, memory) => {
    const says = shown(told, isStrict);
    const message = { role: "assistant", content: says.map(({ text }) => text ?? "").join("") || null, refusal: null };
    const thought = says.map(({ thought: one }) => one ?? "").join("");
    if (thought) message.reasoning_content = thought;
    const calls = says.filter(({ call }) => call);
    if (calls.length) message.tool_calls = calls.map((one) => toolCall(one, { json, id: memory.id("call_", 24) }));
    const choice = {
      index: 0,
      message,
      logprobs: null,
      finish_reason: told.stop ?? (calls.length ? "tool_calls" : "stop"),
    };
    return { ...head(json.model), object: "chat.completion", choices: [choice], usage: usage(usageOf(told)) };
  };
}

function streamer(isStrict) {
  return (told, { json }, memory) => {
    const chunk = (delta, finish_reason = null) => ({
      ...head(json.model),
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    });
    const frames = [chunk({ role: "assistant", content: hasCalls(told) ? null : "", refusal: null })];
    let index = -1;
    for (const said of shown(told, isStrict)) {
      if (said.text !== undefined) frames.push(...pieces(said.text).map((content) => chunk({ content })));
      if (said.thought !== undefined)
        frames.push(...pieces(said.thought).map((reasoning_content) => chunk({ reasoning_content })));
      if (!said.call) continue;
      index += 1;
      const made = toolCall(said, { json, id: memory.id("call_", 24) });
      const [field, words] =
        made.type === "custom" ? ["input", made.custom.input] : ["arguments", made.function.arguments];
      const fragment = (piece, more) =>
        chunk({ tool_calls: [{ index, ...more, [made.type]: { ...more?.[made.type], [field]: piece } }] });
      frames.push(fragment("", made), ...pieces(words).map((piece) => fragment(piece)));
    }
    frames.push(chunk({}, told.stop ?? (hasCalls(told) ? "tool_calls" : "stop")));
    if (json.stream_options?.include_usage)
      frames.push({ ...head(json.model), object: "chat.completion.chunk", choices: [], usage: usage(usageOf(told)) });
    return [...frames, "[DONE]"].map((frame) => sse(frame));
  };
}

const make = (isStrict) => ({
  dialect: "openai",
  signs: false,
  hasIds: true,
  countsTokens: false,
  shows: () => !isStrict,
  read: reader(isStrict),
  answer: answerer(isStrict),
  stream: streamer(isStrict),
});

export const strict = make(true);
export const compatible = make(false);
