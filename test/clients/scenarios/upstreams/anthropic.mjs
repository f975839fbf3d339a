// Anthropic's Messages API for the scenarios: docs.claude.com/en/api/messages, /errors, and of
// /docs/build-with-claude prompt-caching, extended-thinking and mid-conversation-system-messages.
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

export const dialect = "anthropic";
export const signs = true;
export const hasIds = true;
export const countsTokens = true;
export const hasMarkers = true;

// A model that was not told to think shows no thoughts.
export const shows = ({ asked }) => asked.isThinking;

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
  "context_management",
  "output_config",
];
const kCounted = [
  "model",
  "messages",
  "system",
  "thinking",
  "tool_choice",
  "tools",
  "context_management",
  "output_config",
];
// Members that take a beta, as the header names it.
const kBetas = { context_management: "context-management-", system: "mid-conversation-system-" };
const kBlocks = {
  user: ["text", "image", "document", "tool_result"],
  assistant: ["text", "thinking", "redacted_thinking", "tool_use"],
  system: ["text"],
};
const kTool = ["name", "description", "input_schema", "type", "cache_control", "strict", "defer_loading"];
const kInside = ["text", "image", "document", "tool_reference"];

const isCount = (call) => call.path.endsWith("/count_tokens");
const blocksOf = (content) => (isText(content) ? [{ type: "text", text: content }] : content);

class Check {
  markers = [];
  signatures = [];
  open = [];
  called = new Set();

  constructor(call, memory) {
    this.json = call.json;
    this.betas = call.headers["anthropic-beta"] ?? "";
    this.memory = memory;
  }

  needsBeta(name) {
    must(this.betas.includes(kBetas[name]), `${name}: Extra inputs are not permitted`);
  }

  mark({ cache_control: marker }, where) {
    if (marker === undefined) return;
    known(marker, `${where}.cache_control`, ["type", "ttl", "scope"]);
    must(marker.type === "ephemeral", `${where}.cache_control.type: Input should be 'ephemeral'`);
    must([undefined, "5m", "1h"].includes(marker.ttl), `${where}.cache_control.ttl: Input should be '5m' or '1h'`);
    this.markers.push({ where, ttl: marker.ttl ?? "5m" });
  }

  text(block, where) {
    known(block, where, ["type", "text", "cache_control", "citations"]);
    must(isText(block.text) && block.text.length, `${where}: text content blocks must be non-empty`);
    must(block.text.trim(), `${where}: text content blocks must contain non-whitespace text`);
  }

  image(block, where) {
    known(block, where, ["type", "source", "cache_control"]);
    const { type, media_type, data } = block.source;
    must(type === "base64" && /^image\/(png|jpeg|gif|webp)$/.test(media_type), `${where}.source.media_type`);
    must(/^[A-Za-z0-9+/]+=*$/.test(data), `${where}.source.base64: invalid base64 data`);
  }

  tool_use(block, where) {
    known(block, where, ["type", "id", "name", "input", "cache_control", "caller"]);
    must(/^[a-zA-Z0-9_-]+$/.test(block.id), `${where}.id: String should match pattern '^[a-zA-Z0-9_-]+$'`);
    must(!this.called.has(block.id), `${where}: tool_use ids must be unique`);
    must(
      isText(block.name) && block.input?.constructor === Object,
      `${where}.tool_use.input: Input should be an object`,
    );
    this.called.add(block.id);
  }

  tool_result(block, where) {
    known(block, where, ["type", "tool_use_id", "content", "is_error", "cache_control"]);
    // A text alone may be empty.
    const inside = blocksOf(block.content || []);
    inside.forEach((one, i) => {
      must(kInside.includes(one.type), `${where}.content.${i}: Input tag '${one.type}' was not expected`);
      if (one.type === "text") this.text(one, `${where}.content.${i}`);
      if (one.type === "image") this.image(one, `${where}.content.${i}`);
      this.mark(one, `${where}.content.${i}`);
    });
    must(
      !block.is_error || inside.every(({ type }) => type === "text"),
      `${where}: all content must be type "text" if "is_error" is true`,
    );
  }

  thinking(block, where) {
    known(block, where, ["type", "thinking", "signature"]);
    must(block.signature, `${where}.signature: Field required`);
    const { thought } = this.memory.recall(block.signature, where);
    must(thought === block.thinking, `${where}: thinking blocks cannot be modified`);
    this.signatures.push(block.signature);
  }

  document() {}
  redacted_thinking() {}

  blocks(message, where) {
    const all = blocksOf(message.content);
    must(Array.isArray(all) && all.length, `${where}: all messages must have non-empty content`);
    all.forEach((block, i) => {
      const at = `${where}.content.${i}`;
      must(kBlocks[message.role].includes(block.type), `${at}: Input tag '${block.type}' was not expected`);
      this[block.type](block, at);
      this.mark(block, at);
    });
    return all;
  }

  // The vendor joins neighbours of one role before it looks.
  joined() {
    const out = [];
    this.json.messages.forEach((message, i) => {
      const where = `messages.${i}`;
      known(message, where, ["role", "content"]);
      must(kBlocks[message.role], `${where}.role: Input should be 'user' or 'assistant'`);
      if (message.role === "system") {
        this.needsBeta("system");
        this.blocks(message, where);
        return;
      }
      const blocks = this.blocks(message, where);
      if (out.at(-1)?.role === message.role) out.at(-1).blocks.push(...blocks);
      else out.push({ role: message.role, blocks, where });
    });
    return out;
  }

  turn({ role, blocks, where }) {
    if (role === "assistant") {
      this.open = blocks.filter(({ type }) => type === "tool_use").map(({ id }) => id);
      return;
    }
    const results = blocks.filter(({ type }) => type === "tool_result").map(({ tool_use_id }) => tool_use_id);
    for (const id of results)
      must(this.open.includes(id), `${where}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}`);
    const missing = this.open.filter((id) => !results.includes(id));
    must(
      missing.length === 0 && blocks.slice(0, results.length).every(({ type }) => type === "tool_result"),
      `${where}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing}`,
    );
    this.open = [];
  }

  // With thinking on, the turn that is still at work shows its thoughts where they stood.
  thoughts(turns) {
    const begin = turns.findLastIndex(
      ({ role, blocks }) => role === "user" && !blocks.some(({ type }) => type === "tool_result"),
    );
    for (const { role, blocks, where } of turns.slice(begin + 1)) {
      if (role !== "assistant") continue;
      must(
        !this.isThinking || ["thinking", "redacted_thinking"].includes(blocks[0].type),
        `${where}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${blocks[0].type}\``,
      );
      const first = blocks.find(({ type }) => type === "thinking");
      const shape = String(blocks.map(({ type }) => type));
      must(
        !first || this.memory.recall(first.signature, where).shape === shape,
        `${where}: \`thinking\` blocks in the latest assistant message cannot be modified: ${shape}`,
      );
    }
  }

  messages() {
    must(Array.isArray(this.json.messages) && this.json.messages.length, "messages: at least one message is required");
    const turns = this.joined();
    must(turns[0]?.role === "user", 'messages: first message must use the "user" role');
    for (const turn of turns) this.turn(turn);
    must(this.open.length === 0, `\`tool_use\` ids were found without \`tool_result\` blocks: ${this.open}`);
    this.thoughts(turns);
    must(!this.isThinking || turns.at(-1).role === "user", "thinking: no prefill of the assistant's answer");
  }

  tool(tool, i) {
    const where = `tools.${i}`;
    this.mark(tool, where);
    if (/_20\d{6}$/.test(tool.type ?? "")) return;
    known(tool, where, kTool);
    must(/^[a-zA-Z0-9_-]{1,128}$/.test(tool.name), `${where}.custom.name: String should match pattern`);
    must(isObjectSchema(tool.input_schema), `${where}.custom.input_schema.type: Field required`);
    must(
      !["oneOf", "allOf", "anyOf"].some((word) => word in tool.input_schema),
      `${where}.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level`,
    );
  }

  tools() {
    const { tools = [] } = this.json;
    tools.forEach((tool, i) => this.tool(tool, i));
    uniqueNames(
      tools.map(({ name }) => name),
      "tools",
    );
    const { tool_choice: choice } = this.json;
    must(!choice || tools.length, "tool_choice: may only be specified while providing tools");
    must(
      !this.isThinking || !["any", "tool"].includes(choice?.type),
      "Thinking may not be enabled when tool_choice forces tool use.",
    );
  }

  thinkingConfig() {
    const { thinking, max_tokens: limit, temperature, top_k } = this.json;
    this.isThinking = ["enabled", "adaptive"].includes(thinking?.type);
    if (!this.isThinking) return;
    must(
      temperature === undefined || temperature === 1,
      "`temperature` may only be set to 1 when thinking is enabled.",
    );
    must(top_k === undefined, "`top_k` must be unset when thinking is enabled.");
    if (thinking.type === "adaptive") return;
    must(
      thinking.budget_tokens >= 1024,
      "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
    );
    must(
      limit === undefined || thinking.budget_tokens < limit || this.betas.includes("interleaved-thinking-"),
      "`max_tokens` must be greater than `thinking.budget_tokens`.",
    );
  }

  limits() {
    must(
      this.markers.length <= 4,
      `A maximum of 4 blocks with cache_control may be provided. Found ${this.markers.length}.`,
    );
    const short = this.markers.findIndex(({ ttl }) => ttl === "5m");
    must(
      short < 0 || this.markers.slice(short).every(({ ttl }) => ttl === "5m"),
      "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block",
    );
  }

  // In the order in which a prefix is cached.
  run(members) {
    for (const key of Object.keys(this.json)) must(members.includes(key), `${key}: Extra inputs are not permitted`);
    if (this.json.context_management) this.needsBeta("context_management");
    must(members === kCounted || this.json.max_tokens >= 1, "max_tokens: Field required");
    this.thinkingConfig();
    this.tools();
    blocksOf(this.json.system ?? []).forEach((block, i) => {
      must(block.type === "text", `system.${i}.type: Input should be 'text'`);
      this.text(block, `system.${i}`);
      this.mark(block, `system.${i}`);
    });
    this.messages();
    this.limits();
  }
}

export function read(call, memory) {
  must(call.headers["anthropic-version"] === "2023-06-01", "anthropic-version: header is required");
  const check = new Check(call, memory);
  check.run(isCount(call) ? kCounted : kMembers);
  return {
    isStream: call.json.stream === true,
    isCount: isCount(call),
    signatures: check.signatures,
    markers: check.markers,
    betas: check.betas,
    text: JSON.stringify(call.json.messages) + JSON.stringify(call.json.system ?? ""),
    tools: call.json.tools ?? [],
    isThinking: check.isThinking,
  };
}

// An answer that is asked for as a call (a schema elsewhere) is given as one.
function asForced(answer, { json }) {
  if (json.tool_choice?.type !== "tool" || hasCalls(answer)) return answer;
  const [{ text }] = answer.says.filter((said) => isText(said.text));
  return { ...answer, says: [{ call: json.tool_choice.name, args: JSON.parse(text) }] };
}

function contentOf(answer, memory, asked) {
  const says = answer.says.filter(({ thought }) => thought === undefined || shows({ asked }));
  const kind = ({ thought, call }) => (thought !== undefined ? "thinking" : call ? "tool_use" : "text");
  const shape = String(says.map(kind));
  return says.map((said) => {
    if (said.thought !== undefined)
      return { type: "thinking", thinking: said.thought, signature: memory.sign(said.thought, shape) };
    if (said.call)
      return {
        type: "tool_use",
        id: memory.id("toolu_01", 22),
        name: flatName(said),
        input: said.args ?? { input: said.input },
      };
    return { type: "text", text: said.text };
  });
}

function counts({ input, cached, output }) {
  return {
    input_tokens: input - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: output,
    service_tier: "standard",
  };
}

const message = (model, content, stop_reason, usage) => ({
  id: "msg_01XFDUDYJgAACzvnptvVoYEL",
  type: "message",
  role: "assistant",
  model,
  content,
  stop_reason,
  stop_sequence: null,
  usage,
});

const stopOf = (answer) => answer.stop ?? (hasCalls(answer) ? "tool_use" : "end_turn");

export function answer(told, call, memory) {
  if (isCount(call)) return { input_tokens: told.tokens };
  const said = asForced(told, call);
  return message(call.json.model, contentOf(said, memory, call.asked), stopOf(said), counts(usageOf(told)));
}

function deltasOf(block) {
  if (block.type === "text") return pieces(block.text).map((text) => ({ type: "text_delta", text }));
  if (block.type === "tool_use")
    return ["", ...pieces(JSON.stringify(block.input))].map((partial_json) => ({
      type: "input_json_delta",
      partial_json,
    }));
  return [
    ...pieces(block.thinking).map((thinking) => ({ type: "thinking_delta", thinking })),
    { type: "signature_delta", signature: block.signature },
  ];
}

const kBegun = { text: { text: "" }, thinking: { thinking: "", signature: "" }, tool_use: { input: {} } };

export function stream(told, call, memory) {
  const said = asForced(told, call);
  const usage = counts(usageOf(told));
  const events = [
    { type: "message_start", message: message(call.json.model, [], null, { ...usage, output_tokens: 1 }) },
    { type: "ping" },
  ];
  contentOf(said, memory, call.asked).forEach((block, index) => {
    events.push({ type: "content_block_start", index, content_block: { ...block, ...kBegun[block.type] } });
    for (const delta of deltasOf(block)) events.push({ type: "content_block_delta", index, delta });
    events.push({ type: "content_block_stop", index });
  });
  events.push(
    {
      type: "message_delta",
      delta: { stop_reason: stopOf(said), stop_sequence: null },
      usage: { output_tokens: usage.output_tokens },
    },
    { type: "message_stop" },
  );
  return events.map((event) => sse(event, event.type));
}
