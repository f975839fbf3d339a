// A Responses server: platform.openai.com/docs/api-reference/responses, /responses-streaming and
// /responses/input-tokens.
import { isEmbedding, openai as embeddings } from "./embeddings.mjs";
import { dataUrl, full, halves, isObjectSchema, isToolName, known, must, retryAfter, sse } from "./rules.mjs";
import { errors as chatErrors, error as chatError } from "./openai.mjs";

export const base = "/responses/v1";
export const settings = { dialect: "openai-responses", auth: "bearer" };
export const path = /^\/(responses(\/input_tokens)?|embeddings)$/;
export { keyOf, modelOf, contentType } from "./openai.mjs";

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
  "safety_identifier",
  "prompt_cache_key",
  "prompt_cache_retention",
  "service_tier",
  "truncation",
  "previous_response_id",
  "top_logprobs",
  "max_tool_calls",
  "background",
  "conversation",
  "prompt",
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
  "previous_response_id",
  "conversation",
];
const isCount = ({ path }) => path.endsWith("/input_tokens");
const kParts = { user: ["input_text", "input_image", "input_file"], assistant: ["output_text", "refusal"] };
kParts.system = kParts.developer = ["input_text"];

function contents(item, where) {
  if (typeof item.content === "string") return { text: item.content, images: [] };
  must(Array.isArray(item.content) && item.content.length, `${where}.content: empty`);
  for (const { type } of item.content)
    must(kParts[item.role].includes(type), `${where}: ${type} in a message of ${item.role}`);
  const of = (type) => item.content.filter((part) => part.type === type);
  return {
    text: [...of("input_text"), ...of("output_text")].map(({ text }) => text).join(""),
    images: of("input_image").map(({ image_url }) => dataUrl(image_url)),
  };
}

class Conversation {
  turns = [];
  system = [];
  open = new Set();
  thought = undefined;

  last(role, empty) {
    if (this.turns.at(-1)?.role !== role) this.turns.push({ role, ...empty });
    return this.turns.at(-1);
  }
  assistant() {
    const turn = this.last("assistant", { text: "", thought: "", signature: "", calls: [] });
    Object.assign(turn, this.thought);
    this.thought = undefined;
    return turn;
  }
  take(item, where) {
    const type = item.type ?? "message";
    must(this[type], `${where}: type ${type}`);
    must(
      !this.thought || ["message", "function_call"].includes(type),
      `${where}: a reasoning item without the item that followed it`,
    );
    this[type](item, where);
  }
  message(item, where) {
    known(item, where, ["type", "id", "role", "content", "status", "phase"]);
    const told = contents(item, where);
    if (["system", "developer"].includes(item.role)) return this.system.push(told.text);
    if (item.role === "assistant") return (this.assistant().text += told.text);
    must(this.open.size === 0, `${where}: no tool output found for function call ${[...this.open]}`);
    this.turns.push({ role: "user", ...told });
  }
  function_call(item, where) {
    known(item, where, ["type", "id", "call_id", "name", "arguments", "status", "parsed_arguments"]);
    must(item.call_id && isToolName(item.name), `${where}: lacks something`);
    must(
      item.id === undefined || item.id.startsWith("fc"),
      `${where}.id: expected an ID that begins with 'fc': ${item.id}`,
    );
    this.assistant().calls.push({ id: item.call_id, name: item.name, args: JSON.parse(item.arguments) });
    this.open.add(item.call_id);
  }
  function_call_output(item, where) {
    known(item, where, ["type", "id", "call_id", "output", "status"]);
    must(this.open.delete(item.call_id), `${where}: no tool call found for function call output ${item.call_id}`);
    const text = typeof item.output === "string" ? item.output : item.output.map((part) => part.text).join("");
    this.last("tool", { results: [] }).results.push({ id: item.call_id, text });
  }
  reasoning(item, where) {
    known(item, where, ["type", "id", "summary", "content", "encrypted_content", "status"]);
    must(Array.isArray(item.summary), `${where}.summary: missing`);
    must(
      item.id === undefined || item.id.startsWith("rs"),
      `${where}.id: expected an ID that begins with 'rs': ${item.id}`,
    );
    this.thought = { thought: item.summary.map(({ text }) => text).join(""), signature: item.encrypted_content ?? "" };
  }
}

export function read(call) {
  const { json } = call;
  if (isEmbedding(call)) return embeddings.read(call);
  known(json, "request", isCount(call) ? kCounted : kMembers);
  const talk = new Conversation();
  if (typeof json.input === "string") talk.turns.push({ role: "user", text: json.input, images: [] });
  else json.input.forEach((item, i) => talk.take(item, `input[${i}]`));
  must(talk.open.size === 0, `no tool output found for function call ${[...talk.open]}`);
  const tools = (json.tools ?? []).map((tool) => {
    known(tool, "tool", ["type", "name", "description", "parameters", "strict"]);
    must(
      tool.type === "function" && isToolName(tool.name) && isObjectSchema(tool.parameters),
      "a tool lacks something",
    );
    return { name: tool.name, description: tool.description, schema: tool.parameters };
  });
  const format = json.text?.format;
  if (format?.type === "json_schema") must(isToolName(format.name) && format.schema, "text.format");
  must(
    json.max_output_tokens === undefined || json.max_output_tokens >= 16,
    "max_output_tokens: expected a value >= 16",
  );
  return {
    stream: json.stream === true,
    system: [json.instructions, ...talk.system].filter(Boolean).join("\n"),
    turns: talk.turns,
    tools,
    isForced: !["auto", "none"].includes(json.tool_choice ?? "auto"),
    schema: format?.schema,
    thinks: (json.reasoning?.effort ?? "none") !== "none" || Boolean(json.reasoning?.summary),
    maxTokens: json.max_output_tokens,
    stop: [],
  };
}

// The proof is given to those that ask for it, and a summary too.
function itemsOf({ thought, signature, text, calls }, json) {
  const items = [];
  if (thought)
    items.push({
      id: "rs_67ca",
      type: "reasoning",
      summary: json.reasoning?.summary ? [{ type: "summary_text", text: thought }] : [],
      ...(json.include?.includes("reasoning.encrypted_content") && { encrypted_content: signature }),
    });
  if (text.length)
    items.push({
      id: "msg_67cb",
      type: "message",
      status: "completed",
      role: "assistant",
      content: [{ type: "output_text", text: text.join(""), annotations: [], logprobs: [] }],
    });
  calls.forEach(({ id, name, args }, i) =>
    items.push({
      id: `fc_67c${i}`,
      type: "function_call",
      status: "completed",
      call_id: id,
      name,
      arguments: JSON.stringify(args),
    }),
  );
  return items;
}

const kReason = { length: "max_output_tokens", filter: "content_filter" };

function response(json, output, stop, usage) {
  const reason = kReason[stop];
  return {
    id: "resp_67ccd2bed1ec8190b14f964abc054267",
    object: "response",
    created_at: 1741476542,
    model: "gpt-5-2025-08-07",
    status: stop === undefined ? "in_progress" : reason ? "incomplete" : "completed",
    background: false,
    error: null,
    incomplete_details: reason ? { reason } : null,
    instructions: json.instructions ?? null,
    max_output_tokens: json.max_output_tokens ?? null,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: json.reasoning?.effort ?? null, summary: null },
    store: json.store ?? true,
    temperature: 1,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: json.tools ?? [],
    top_p: 1,
    truncation: "disabled",
    user: null,
    metadata: {},
    service_tier: "default",
    usage: usage
      ? {
          input_tokens: usage.input,
          input_tokens_details: { cached_tokens: usage.cached },
          output_tokens: usage.output,
          output_tokens_details: { reasoning_tokens: usage.thinking },
          total_tokens: usage.input + usage.output,
        }
      : null,
  };
}

export function answer(reply, call) {
  if (isEmbedding(call)) return embeddings.answer(reply, call);
  const { json } = call;
  if (isCount(call)) return { object: "response.input_tokens", input_tokens: reply.tokens };
  const whole = full(reply);
  return response(json, itemsOf(whole, json), whole.stop, whole.usage);
}

const kTellers = {
  reasoning(item, at) {
    const [summary] = item.summary;
    if (!summary) return [];
    const here = { ...at, summary_index: 0 };
    return [
      { type: "response.reasoning_summary_part.added", ...here, part: { ...summary, text: "" } },
      ...halves(summary.text).map((delta) => ({ type: "response.reasoning_summary_text.delta", ...here, delta })),
      { type: "response.reasoning_summary_text.done", ...here, text: summary.text },
      { type: "response.reasoning_summary_part.done", ...here, part: summary },
    ];
  },
  message(item, at, text) {
    const [part] = item.content;
    const here = { ...at, content_index: 0 };
    return [
      { type: "response.content_part.added", ...here, part: { ...part, text: "" } },
      ...text.map((delta) => ({ type: "response.output_text.delta", ...here, delta, logprobs: [] })),
      { type: "response.output_text.done", ...here, text: part.text, logprobs: [] },
      { type: "response.content_part.done", ...here, part },
    ];
  },
  function_call(item, at) {
    return [
      ...halves(item.arguments).map((delta) => ({ type: "response.function_call_arguments.delta", ...at, delta })),
      { type: "response.function_call_arguments.done", ...at, name: item.name, arguments: item.arguments },
    ];
  },
};

const kBegun = {
  reasoning: { summary: [] },
  message: { content: [], status: "in_progress" },
  function_call: { arguments: "", status: "in_progress" },
};

export function stream(reply, { json }) {
  const whole = full(reply);
  const items = itemsOf(whole, json);
  const begun = response(json, []);
  const events = [
    { type: "response.created", response: begun },
    { type: "response.in_progress", response: begun },
  ];
  items.forEach((item, output_index) => {
    const { encrypted_content, ...plain } = item;
    events.push({ type: "response.output_item.added", output_index, item: { ...plain, ...kBegun[item.type] } });
    events.push(...kTellers[item.type](item, { item_id: item.id, output_index }, whole.text));
    events.push({ type: "response.output_item.done", output_index, item });
  });
  const end = response(json, items, whole.stop, whole.usage);
  events.push({ type: `response.${end.status}`, response: end });
  return events.map((event, sequence_number) => sse({ ...event, sequence_number }, event.type));
}

export const errors = chatErrors;
export const error = chatError;

// The vendor says it twice.
export function errorInStream({ json }) {
  const { code, message } = { code: "server_error", message: chatErrors.server[1].message };
  const failed = { ...response(json, []), status: "failed", error: { code, message } };
  return [
    sse({ type: "error", sequence_number: 8, error: { type: "server_error", code, message, param: null } }, "error"),
    sse({ type: "response.failed", sequence_number: 9, response: failed }, "response.failed"),
  ];
}
