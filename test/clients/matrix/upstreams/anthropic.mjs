// A Messages server: docs.claude.com/en/api/messages, /messages-count-tokens, /messages-streaming,
// /errors and, for what a thinking model insists on, /docs/build-with-claude/extended-thinking.
import { full, halves, isObjectSchema, isToolName, known, must, retryAfter, sse } from "./rules.mjs";

const kNewVersion = "2026-10-21"; // platform.claude.com/docs/en/api/migration-2026-10-21

export const base = "/anthropic/v1";
export const settings = { dialect: "anthropic", auth: "x-api-key" };
export const path = /^\/messages(\/count_tokens)?$/;
export const keyOf = (headers) =>
  ["2023-06-01", kNewVersion].includes(headers["anthropic-version"]) ? headers["x-api-key"] : undefined;
export const modelOf = (call) => call.json.model;
export const contentType = "text/event-stream; charset=utf-8";

const kMembers = [
  "model",
  "messages",
  "max_tokens",
  "system",
  "metadata",
  "stop_sequences",
  "stream",
  "temperature",
  "thinking",
  "tool_choice",
  "tools",
  "top_k",
  "top_p",
  "service_tier",
  "container",
  "context_management",
  "output_config",
  "inference_geo",
  "cache_control",
];
// What a count takes: nothing that is about the answer.
const kCounted = [
  "model",
  "messages",
  "system",
  "thinking",
  "tool_choice",
  "tools",
  "cache_control",
  "context_management",
  "output_config",
];
const isCount = ({ path }) => path.endsWith("/count_tokens");
const kBlocks = {
  user: ["text", "image", "tool_result", "document"],
  assistant: ["text", "thinking", "redacted_thinking", "tool_use"],
};

const blocksOf = (content) => (typeof content === "string" ? [{ type: "text", text: content }] : content);
const textOf = (blocks) =>
  blocks
    .filter(({ type }) => type === "text")
    .map(({ text }) => text)
    .join("");

function blocks(message, where) {
  const all = blocksOf(message.content);
  must(Array.isArray(all) && all.length > 0, `${where}: content is empty`);
  for (const block of all) {
    must(kBlocks[message.role].includes(block.type), `${where}: ${block.type} in a ${message.role} message`);
    if (block.type === "text") must(block.text.trim(), `${where}: text content blocks must be non-empty`);
    if (block.type === "text") known(block, where, ["type", "text", "cache_control", "citations", "parsed_output"]);
    if (block.type === "tool_use")
      must(
        isToolName(block.name) && block.id && typeof block.input === "object",
        `${where}: a tool_use lacks something`,
      );
    if (block.type === "thinking")
      must(typeof block.thinking === "string" && block.signature, `${where}: a thinking block without its signature`);
  }
  return all;
}

function assistant(all) {
  const thinking = all.find(({ type }) => type === "thinking");
  const calls = all.filter(({ type }) => type === "tool_use").map(({ id, name, input }) => ({ id, name, args: input }));
  return {
    role: "assistant",
    text: textOf(all),
    thought: thinking?.thinking ?? "",
    signature: thinking?.signature ?? "",
    calls,
  };
}

function result(block) {
  return { id: block.tool_use_id, text: textOf(blocksOf(block.content ?? [])), isError: block.is_error === true };
}

const image = ({ source }) => (must(source.type === "base64", "image"), { type: source.media_type, data: source.data });

// A call is answered at the start of the message behind it.
function messages(all) {
  const turns = [];
  must(all[0]?.role === "user", "messages[0] is not the user's");
  let open = [];
  all.forEach((message, i) => {
    const where = `messages[${i}]`;
    known(message, where, ["role", "content"]);
    must(kBlocks[message.role], `${where}: role ${message.role}`);
    const parts = blocks(message, where);
    if (message.role === "assistant") {
      turns.push(assistant(parts));
      open = turns.at(-1).calls.map(({ id }) => id);
      return;
    }
    const results = parts.filter(({ type }) => type === "tool_result");
    must(
      parts.slice(0, results.length).every(({ type }) => type === "tool_result"),
      `${where}: tool_result blocks come first`,
    );
    must(
      String(results.map(({ tool_use_id }) => tool_use_id).sort()) === String(open.sort()),
      `${where}: tool_use ids without tool_result: ${open}`,
    );
    open = [];
    if (results.length) turns.push({ role: "tool", results: results.map(result) });
    if (parts.length > results.length)
      turns.push({
        role: "user",
        text: textOf(parts),
        images: parts.filter(({ type }) => type === "image").map(image),
      });
  });
  must(open.length === 0, `tool_use ids without tool_result: ${open}`);
  return turns;
}

function thinks(json) {
  const type = json.thinking?.type ?? "disabled";
  if (type === "disabled") return false;
  if (type === "enabled")
    must(
      json.thinking.budget_tokens >= 1024 && json.thinking.budget_tokens < (json.max_tokens ?? Infinity),
      "thinking.budget_tokens",
    );
  must(
    !["any", "tool"].includes(json.tool_choice?.type),
    "thinking may not be enabled when tool_choice forces tool use",
  );
  must(
    [undefined, 1].includes(json.temperature) && json.top_k === undefined,
    "thinking allows no other temperature, and no top_k",
  );
  const last =
    json.messages.findLast?.(({ role }) => role === "assistant") ??
    json.messages.filter(({ role }) => role === "assistant").at(-1);
  const isCalling = json.messages.at(-1).content?.[0]?.type === "tool_result";
  must(
    !isCalling || /thinking/.test(blocksOf(last.content)[0].type),
    "a final assistant message must start with a thinking block",
  );
  return true;
}

// Structured output is output_config.format where the caller knows it, else a forced tool.
function schemaOf(json) {
  const forced = json.tools?.find(
    ({ name }) =>
      ["any", "tool"].includes(json.tool_choice?.type) && (json.tools.length === 1 || name === json.tool_choice.name),
  );
  return json.output_config?.format?.schema ?? (forced && { ...forced.input_schema, tool: forced.name });
}

export function read(call) {
  const { json, headers } = call;
  known(json, "request", isCount(call) ? kCounted : kMembers);
  for (const gone of ["temperature", "top_p", "top_k"])
    must(
      headers["anthropic-version"] !== kNewVersion || json[gone] === undefined,
      `${gone}: not supported in this API version`,
    );
  must(isCount(call) || (Number.isInteger(json.max_tokens) && json.max_tokens > 0), "max_tokens: Field required");
  must(
    json.system === undefined || blocksOf(json.system).every(({ type, text }) => type === "text" && text),
    "system: text blocks only",
  );
  must(
    (JSON.stringify(json).match(/"cache_control":/g) ?? []).length <= 4,
    "a maximum of 4 blocks with cache_control may be provided",
  );
  const tools = (json.tools ?? []).map((tool) => {
    must(isToolName(tool.name) && isObjectSchema(tool.input_schema), "a tool lacks something");
    return { name: tool.name, description: tool.description, schema: tool.input_schema };
  });
  return {
    stream: json.stream === true,
    system: textOf(blocksOf(json.system ?? [])),
    turns: messages(json.messages),
    tools,
    isForced: ["any", "tool"].includes(json.tool_choice?.type),
    schema: schemaOf(json),
    thinks: thinks(json),
    maxTokens: json.max_tokens,
    stop: json.stop_sequences ?? [],
  };
}

const kStop = {
  end: "end_turn",
  length: "max_tokens",
  sequence: "stop_sequence",
  calls: "tool_use",
  filter: "refusal",
};

const counts = ({ input, cached, output }) => ({
  input_tokens: input - cached,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: cached,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  output_tokens: output,
  service_tier: "standard",
});

function contentOf({ thought, signature, text, calls }) {
  const content = [];
  if (thought) content.push({ type: "thinking", thinking: thought, signature });
  if (text.length) content.push({ type: "text", text: text.join("") });
  return [...content, ...calls.map(({ id, name, args }) => ({ type: "tool_use", id, name, input: args }))];
}

// An answer asked for as a call is given as one.
function asForced(reply, call) {
  const forced = call && schemaOf(call.json)?.tool;
  if (!forced || reply.calls?.length) return reply;
  return { ...reply, text: [], calls: [{ id: "toolu_01format", name: forced, args: JSON.parse(reply.text.join("")) }] };
}

const message = (content, stop, usage) => ({
  id: "msg_01XFDUDYJgAACzvnptvVoYEL",
  type: "message",
  role: "assistant",
  model: "claude-sonnet-4-5-20250929",
  content,
  stop_reason: stop ? kStop[stop] : null,
  stop_sequence: stop === "sequence" ? "END" : null,
  usage,
});

export function answer(reply, call) {
  if (isCount(call)) return { input_tokens: reply.tokens };
  const whole = full(asForced(reply, call));
  return message(contentOf(whole), whole.stop, counts(whole.usage));
}

function blockEvents(block, index, text) {
  const event = (type, more) => ({ type, index, ...more });
  const delta = (type, more) => event("content_block_delta", { delta: { type, ...more } });
  const empty = { text: { text: "" }, thinking: { thinking: "", signature: "" }, tool_use: { input: {} } }[block.type];
  const deltas = {
    text: () => text.map((piece) => delta("text_delta", { text: piece })),
    thinking: () => [
      ...halves(block.thinking).map((thinking) => delta("thinking_delta", { thinking })),
      delta("signature_delta", { signature: block.signature }),
    ],
    tool_use: () =>
      ["", ...halves(JSON.stringify(block.input))].map((partial_json) => delta("input_json_delta", { partial_json })),
  };
  return [
    event("content_block_start", { content_block: { ...block, ...empty } }),
    ...deltas[block.type](),
    event("content_block_stop", {}),
  ];
}

export function stream(reply, call) {
  const whole = full(asForced(reply, call));
  const usage = counts(whole.usage);
  const events = [
    { type: "message_start", message: message([], undefined, { ...usage, output_tokens: 1 }) },
    { type: "ping" },
  ];
  contentOf(whole).forEach((block, index) => events.push(...blockEvents(block, index, whole.text)));
  const { stop_reason, stop_sequence } = message([], whole.stop, usage);
  events.push(
    { type: "message_delta", delta: { stop_reason, stop_sequence }, usage: { output_tokens: usage.output_tokens } },
    { type: "message_stop" },
  );
  return events.map((event) => sse(event, event.type));
}

export const errors = {
  bad_request: [400, "invalid_request_error", "messages.0.content: too odd"],
  auth: [401, "authentication_error", "invalid x-api-key"],
  not_found: [404, "not_found_error", "model: c"],
  rate_limit: [429, "rate_limit_error", "This request would exceed your organization's rate limit."],
  server: [500, "api_error", "Internal server error"],
  overloaded: [529, "overloaded_error", "Overloaded"],
};

export function error(kind) {
  const [status, type, message] = errors[kind] ?? [400, "invalid_request_error", kind];
  return {
    status,
    message,
    body: { type: "error", error: { type, message }, request_id: "req_011CSHoEeqs5C35K2UUqR7Fy" },
    headers: kind === "rate_limit" ? { "retry-after": retryAfter } : {},
  };
}

export const errorInStream = () => [sse(error("overloaded").body, "error")];
