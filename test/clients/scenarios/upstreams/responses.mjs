// OpenAI's Responses API for the scenarios: platform.openai.com/docs/api-reference/responses,
// /responses-streaming and /responses/input-tokens, /docs/guides/reasoning (encrypted items), /docs/guides/function-calling.
import {
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

export const dialect = "responses";
export const signs = true;
export const hasIds = true;
export const countsTokens = true;

export const shows = ({ json }) => Boolean(json.reasoning?.summary);

const kMembers = [
  "model",
  "input",
  "instructions",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "text",
  "max_output_tokens",
  "temperature",
  "top_p",
  "stream",
  "stream_options",
  "reasoning",
  "include",
  "store",
  "metadata",
  "user",
  "prompt_cache_key",
  "service_tier",
  "truncation",
  "client_metadata",
];
// What a count takes: nothing that is about the answer.
const kCounted = [
  "model",
  "input",
  "instructions",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "text",
  "reasoning",
  "truncation",
];
const isCount = (call) => call.path.endsWith("/input_tokens");
const kParts = {
  user: ["input_text", "input_image", "input_file"],
  system: ["input_text"],
  developer: ["input_text"],
  assistant: ["output_text", "refusal"],
};
const kEfforts = [undefined, null, "none", "minimal", "low", "medium", "high", "xhigh"];
const kSummaries = [undefined, null, "auto", "concise", "detailed"];
const kOutput = ["input_text", "input_image", "input_file"];

class Check {
  signatures = [];
  open = new Map();
  // A reasoning item still waits for what it led to.
  lead = undefined;

  constructor({ json }, memory) {
    this.json = json;
    this.memory = memory;
  }

  id(item, prefix, where) {
    must(
      item.id === undefined || item.id === null || item.id.startsWith(prefix),
      `Invalid '${where}.id': '${item.id}'. Expected an ID that begins with '${prefix}'.`,
    );
  }

  message(item, where) {
    known(item, where, ["type", "id", "role", "content", "status", "phase"]);
    must(kParts[item.role], `Invalid value: '${item.role}'. (${where}.role)`);
    this.id(item, "msg", where);
    if (isText(item.content)) return;
    must(item.content?.length, `Invalid '${where}.content': empty array.`);
    for (const { type } of item.content)
      must(
        kParts[item.role].includes(type),
        `Invalid value: '${type}'. Supported values are: ${kParts[item.role]} (${where})`,
      );
  }

  called(item, where, prefix, output) {
    this.id(item, prefix, where);
    short(item.call_id, 64, `${where}.call_id`);
    must(item.call_id && !this.open.has(item.call_id), `${where}.call_id: missing or not unique`);
    must(/^[a-zA-Z0-9_-]{1,64}$/.test(item.name), `Invalid '${where}.name': string does not match pattern.`);
    this.open.set(item.call_id, output);
  }

  function_call(item, where) {
    known(item, where, ["type", "id", "call_id", "name", "arguments", "status", "namespace"]);
    this.called(item, where, "fc", "function_call_output");
    must(
      isText(item.arguments) && JSON.parse(item.arguments)?.constructor === Object,
      `${where}.arguments: not an object`,
    );
  }

  custom_tool_call(item, where) {
    known(item, where, ["type", "id", "call_id", "name", "input", "status"]);
    this.called(item, where, "ctc", "custom_tool_call_output");
    must(isText(item.input), `${where}.input: expected a string`);
  }

  output(item, where) {
    known(item, where, ["type", "id", "call_id", "output", "status"]);
    must(
      this.open.get(item.call_id) === item.type,
      `No tool call found for function call output with call_id ${item.call_id}.`,
    );
    this.open.delete(item.call_id);
    if (isText(item.output)) return;
    must(Array.isArray(item.output), `Invalid type for '${where}.output'`);
    for (const { type } of item.output) must(kOutput.includes(type), `Invalid value: '${type}'. (${where}.output)`);
  }

  reasoning(item, where) {
    known(item, where, ["type", "id", "summary", "content", "encrypted_content", "status"]);
    this.id(item, "rs", where);
    must(Array.isArray(item.summary), `Missing required parameter: '${where}.summary'.`);
    must(
      item.encrypted_content || this.json.store !== false,
      `Item with id '${item.id}' not found. Items are not persisted when \`store\` is set to false.`,
    );
    if (item.encrypted_content) {
      this.memory.recall(item.encrypted_content, where);
      this.signatures.push(item.encrypted_content);
    }
    this.lead = where;
  }

  item(item, i) {
    const where = `input[${i}]`;
    const type = item.type ?? "message";
    const isOutput = type.endsWith("_output");
    must(
      ["message", "function_call", "custom_tool_call", "reasoning"].includes(type) || isOutput,
      `Invalid value: '${type}'. (${where}.type)`,
    );
    const follows = ["function_call", "custom_tool_call", "reasoning"].includes(type) || item.role === "assistant";
    must(
      !this.lead || follows,
      `Item 'rs' (${this.lead}) of type 'reasoning' was provided without its required following item.`,
    );
    this.lead = undefined;
    this[isOutput ? "output" : type](item, where);
  }

  input() {
    const { input } = this.json;
    if (isText(input)) return;
    must(Array.isArray(input) && input.length, "Invalid 'input': empty array.");
    input.forEach((item, i) => this.item(item, i));
    must(this.open.size === 0, `No tool output found for function call ${[...this.open.keys()]}.`);
    must(!this.lead, "Item 'rs' of type 'reasoning' was provided without its required following item.");
  }

  tool(tool, where) {
    if (tool.type === "namespace") {
      known(tool, where, ["type", "name", "description", "tools"]);
      must(tool.name && tool.tools?.length, `${where}: a namespace lacks its name or tools`);
      tool.tools.forEach((one, i) => this.tool(one, `${where}.tools[${i}]`));
      return tool.name;
    }
    if (["web_search", "web_search_preview"].includes(tool.type)) return tool.type;
    must(["function", "custom"].includes(tool.type), `Invalid value: '${tool.type}'. (${where}.type)`);
    must(/^[a-zA-Z0-9_-]{1,64}$/.test(tool.name), `Invalid '${where}.name': string does not match pattern.`);
    if (tool.type === "custom") {
      known(tool, where, ["type", "name", "description", "format"]);
      must(!tool.format || tool.format.type === "text" || tool.format.syntax, `${where}.format.syntax: missing`);
      return tool.name;
    }
    known(tool, where, ["type", "name", "description", "parameters", "strict"]);
    must(
      isObjectSchema(tool.parameters),
      `Invalid schema for function '${tool.name}': schema must be of type 'object'`,
    );
    if (tool.strict !== false) strictSchema(tool.parameters, tool.name);
    return tool.name;
  }

  run(members) {
    const { json } = this;
    for (const key of Object.keys(json)) must(members.includes(key), `Unknown parameter: '${key}'.`);
    known(json.stream_options ?? {}, "stream_options", ["include_obfuscation"]);
    this.input();
    const { tools = [], reasoning = {} } = json;
    uniqueNames(
      tools.map((tool, i) => this.tool(tool, `tools[${i}]`)),
      "tools",
    );
    must(kEfforts.includes(reasoning?.effort), `Invalid value: '${reasoning?.effort}'. (reasoning.effort)`);
    must(kSummaries.includes(reasoning?.summary), `Invalid value: '${reasoning?.summary}'. (reasoning.summary)`);
    must((json.max_output_tokens ?? 16) >= 16, "Invalid 'max_output_tokens': integer below minimum value.");
    short(json.user, 64, "user");
    short(json.prompt_cache_key, 64, "prompt_cache_key");
    const format = json.text?.format;
    if (format?.type === "json_schema") {
      must(/^[a-zA-Z0-9_-]{1,64}$/.test(format.name), "Invalid 'text.format.name'");
      if (format.strict) strictSchema(format.schema, "text.format");
    }
    return tools;
  }
}

export function read(call, memory) {
  const check = new Check(call, memory);
  const tools = check.run(isCount(call) ? kCounted : kMembers);
  return {
    isStream: call.json.stream === true,
    isCount: isCount(call),
    signatures: check.signatures,
    markers: [],
    text: JSON.stringify(call.json.input) + (call.json.instructions ?? ""),
    tools,
    isThinking: true,
  };
}

// Thoughts are summed up for those that ask, and proven to those that ask.
function itemOf(said, { json }, memory) {
  if (said.thought !== undefined)
    return {
      id: memory.id("rs_", 48),
      type: "reasoning",
      summary: json.reasoning?.summary ? [{ type: "summary_text", text: said.thought }] : [],
      ...(json.include?.includes("reasoning.encrypted_content") && {
        encrypted_content: memory.sign(said.thought, ""),
      }),
    };
  if (said.text !== undefined)
    return {
      id: memory.id("msg_", 48),
      type: "message",
      status: "completed",
      role: "assistant",
      content: [{ type: "output_text", text: said.text, annotations: [], logprobs: [] }],
    };
  const isCustom = json.tools.some(({ type, name }) => type === "custom" && name === said.call);
  const call_id = memory.id("call_", 24);
  if (isCustom)
    return {
      id: memory.id("ctc_", 48),
      type: "custom_tool_call",
      status: "completed",
      call_id,
      name: said.call,
      input: said.input,
    };
  const words = JSON.stringify(said.args ?? { input: said.input });
  return {
    id: memory.id("fc_", 48),
    type: "function_call",
    status: "completed",
    call_id,
    name: said.call,
    ...(said.space && { namespace: said.space }),
    arguments: words,
  };
}

function response(json, output, status, usage) {
  return {
    id: "resp_67ccd2bed1ec8190b14f964abc054267",
    object: "response",
    created_at: 1741476542,
    model: json.model,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: json.instructions ?? null,
    output,
    parallel_tool_calls: json.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: json.reasoning?.effort ?? null, summary: json.reasoning?.summary ?? null },
    store: json.store ?? true,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: json.tools ?? [],
    truncation: "disabled",
    metadata: {},
    usage: usage && {
      input_tokens: usage.input,
      input_tokens_details: { cached_tokens: usage.cached },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: usage.thinking },
      total_tokens: usage.input + usage.output,
    },
  };
}

export function answer(told, call, memory) {
  if (isCount(call)) return { object: "response.input_tokens", input_tokens: told.tokens };
  const items = told.says.map((said) => itemOf(said, call, memory));
  return response(call.json, items, "completed", usageOf(told));
}

const kTellers = {
  reasoning(item, at) {
    const [summary] = item.summary;
    if (!summary) return [];
    const here = { ...at, summary_index: 0 };
    return [
      { type: "response.reasoning_summary_part.added", ...here, part: { ...summary, text: "" } },
      ...pieces(summary.text).map((delta) => ({ type: "response.reasoning_summary_text.delta", ...here, delta })),
      { type: "response.reasoning_summary_text.done", ...here, text: summary.text },
      { type: "response.reasoning_summary_part.done", ...here, part: summary },
    ];
  },
  message(item, at) {
    const [part] = item.content;
    const here = { ...at, content_index: 0 };
    return [
      { type: "response.content_part.added", ...here, part: { ...part, text: "" } },
      ...pieces(part.text).map((delta) => ({ type: "response.output_text.delta", ...here, delta, logprobs: [] })),
      { type: "response.output_text.done", ...here, text: part.text, logprobs: [] },
      { type: "response.content_part.done", ...here, part },
    ];
  },
  function_call(item, at) {
    const type = "response.function_call_arguments";
    return [
      ...pieces(item.arguments).map((delta) => ({ type: `${type}.delta`, ...at, delta })),
      { type: `${type}.done`, ...at, name: item.name, arguments: item.arguments },
    ];
  },
  custom_tool_call(item, at) {
    const type = "response.custom_tool_call_input";
    return [
      ...pieces(item.input).map((delta) => ({ type: `${type}.delta`, ...at, delta })),
      { type: `${type}.done`, ...at, input: item.input },
    ];
  },
};

const kBegun = {
  reasoning: { summary: [] },
  message: { content: [], status: "in_progress" },
  function_call: { arguments: "", status: "in_progress" },
  custom_tool_call: { input: "", status: "in_progress" },
};

export function stream(told, call, memory) {
  const items = told.says.map((said) => itemOf(said, call, memory));
  const begun = response(call.json, [], "in_progress", null);
  const events = [
    { type: "response.created", response: begun },
    { type: "response.in_progress", response: begun },
  ];
  items.forEach((item, output_index) => {
    const { encrypted_content, ...plain } = item;
    events.push({ type: "response.output_item.added", output_index, item: { ...plain, ...kBegun[item.type] } });
    events.push(...kTellers[item.type](item, { item_id: item.id, output_index }));
    events.push({ type: "response.output_item.done", output_index, item });
  });
  events.push({ type: "response.completed", response: response(call.json, items, "completed", usageOf(told)) });
  return events.map((event, sequence_number) => sse({ ...event, sequence_number }, event.type));
}
