// OpenAI Responses, in the vendor's words.
import { any, given, id, ifGiven, oneOf, time } from "./pattern.mjs";
import { require, sse, version } from "./server.mjs";

const OpenAI = require("openai");

export const name = "responses";
export const call_source = `openai ${version("openai")}, responses.create`;
export const answer_source = {
  plain: "OpenAI API reference, Responses, 'The response object'",
  stream: "OpenAI API reference, Responses, 'Streaming events'; order of a recorded stream (pydantic-ai, " +
    "tests/models/cassettes/test_openai_responses)",
  thinking: "; OpenAI docs, 'Reasoning models', on summaries and encrypted_content",
  error: "OpenAI API reference, 'Debugging requests', and OpenAI docs, 'Error codes'",
};
export const target = "gpt-5-mini";
export const type = (is_stream) => (is_stream ? "text/event-stream" : "application/json");

export const says = { files: true, is_serial: true, thought: true, proof: true, choice: true, stop: false, seed: false, ids: true, schema_name: true, effort: true };
export const tells = { id: true, created: true, ids: true, pieces: true, cached: true, reasoning: true, proof: true };
export const dropped = { is_serial: "parallel_tool_calls" };
export const shows = (said) => said.effort !== undefined;
export const as_said = (said) => ({ ...said, store: false });
// What only a server of OpenAI's has: keeping answers, sealed thoughts, how closely to look.
export function also_dropped(said, upstream) {
  if (upstream.name === "responses") return [];
  const has_image = said.turns.some((turn) => Array.isArray(turn.user) && turn.user.some((part) => part.image || part.link));
  const out = said.effort ? ["include"] : [];
  return upstream.name === "openai" ? out : [...out, "store", ...(has_image ? ["detail"] : [])];
}

function content(said) {
  if (typeof said === "string") return said;
  const input_image = (image_url) => ({ type: "input_image", detail: "auto", image_url });
  return said.map(({ text, image, link, file }) => {
    if (text) return { type: "input_text", text };
    if (link) return input_image(link.url);
    if (image) return input_image(`data:${image.type};base64,${image.data}`);
    return { type: "input_file", filename: file.name, file_data: `data:application/pdf;base64,${file.data}` };
  });
}

function items(turn) {
  if (turn.user) return [{ role: "user", content: content(turn.user) }];
  if (turn.results)
    return turn.results.map((result) => ({ type: "function_call_output", call_id: result.id, output: result.text }));
  const thought = turn.thinking
    ? [{ type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: turn.thinking }], encrypted_content: turn.proof }]
    : [];
  const calls = (turn.calls ?? []).map((call) => ({
    type: "function_call", call_id: call.id, name: call.name, arguments: JSON.stringify(call.args),
  }));
  const text = turn.assistant ? [{ role: "assistant", content: turn.assistant }] : [];
  return [...thought, ...text, ...calls];
}

function tool_choice(choice) {
  if (choice === undefined || typeof choice === "string") return choice;
  return { type: "function", name: choice.name };
}

const tools = (said) => said.tools?.map((tool) => ({
  type: "function", name: tool.name, description: tool.description, parameters: tool.schema, strict: false,
}));

function text({ schema, is_json }) {
  if (is_json) return { format: { type: "json_object" } };
  if (!schema) return undefined;
  return { format: given({ type: "json_schema", name: schema.name, schema: schema.schema, strict: schema.strict }) };
}

function params(said) {
  return given({
    model: said.model,
    instructions: said.system,
    input: said.turns.flatMap(items),
    tools: tools(said),
    tool_choice: tool_choice(said.choice),
    max_output_tokens: said.limit,
    temperature: said.temperature,
    top_p: said.top_p,
    parallel_tool_calls: said.is_serial ? false : undefined,
    text: text(said),
    reasoning: said.effort && { effort: said.effort, summary: "auto" },
    // A provider need not keep what it is sent whole each time; what it thought comes back sealed.
    store: false,
    include: said.effort && ["reasoning.encrypted_content"],
    stream: said.stream ? true : undefined,
  });
}

export async function send(said, url) {
  const client = new OpenAI({ apiKey: "k", baseURL: `${url}/v1`, maxRetries: 0 });
  if (!said.stream) return client.responses.create(params(said));
  const { stream: is_stream, ...rest } = params(said);
  // The SDK's accumulator leaves these endings to its users.
  let ending;
  const stream = client.responses.stream(rest)
    .on("response.incomplete", (event) => (ending = event.response))
    .on("response.failed", (event) => (ending = event.response));
  const last = await stream.finalResponse();
  if (ending?.error) throw new Error(ending.error.message);
  return ending ?? last;
}

export function relax(body, said) {
  body.input = body.input.map((item) => {
    // EasyInputMessage: `type` may be left out, a string is short for one part.
    if (!item.role) return item;
    const kind = item.role === "assistant" ? "output_text" : "input_text";
    const parts = typeof item.content === "string"
      ? oneOf(item.content, [{ type: kind, text: item.content, annotations: ifGiven([]) }])
      : item.content.map((part) => {
        if (part.type === "input_image") return { ...part, detail: ifGiven("auto") };
        return part.type === "input_file" && !said.names_files ? { ...part, filename: ifGiven(any) } : part;
      });
    return { type: ifGiven("message"), ...item, content: parts, status: ifGiven("completed"), id: ifGiven(any) };
  });
  // Who does not ask to see thoughts need not be shown them.
  if (body.reasoning && !said.shows) body.reasoning.summary = ifGiven("auto");
  if (body.text && body.text.format.name === "answer") body.text.format.name = any;
  if (!said.is_client) body.tools?.forEach((tool) => (tool.strict = oneOf(false, null)));
  return body;
}

const ended = { length: "max_output_tokens", filtered: "content_filter" };

const usage = (counts) => ({
  input_tokens: counts.input,
  input_tokens_details: { cached_tokens: counts.cached ?? 0, cache_write_tokens: counts.written ?? 0 },
  output_tokens: counts.output,
  output_tokens_details: { reasoning_tokens: counts.reasoning ?? 0 },
  total_tokens: counts.input + counts.output,
});

// What the limit or the filter cut off is incomplete itself.
function item(said, part, at) {
  const status = ended[said.stop] && at === said.parts.length - 1 ? "incomplete" : "completed";
  if (part.thinking)
    return given({
      id: id(`item${at}`), type: "reasoning", status: ifGiven("completed"), content: ifGiven([]),
      summary: part.thinking.length > 0 ? [{ type: "summary_text", text: part.thinking.join("") }] : [],
      encrypted_content: part.proof ?? ifGiven(null),
    });
  if (part.text)
    return {
      id: id(`item${at}`), type: "message", status, role: "assistant", phase: ifGiven(any),
      content: [{ type: "output_text", annotations: [], logprobs: ifGiven([]), text: part.text.join("") }],
    };
  return {
    id: id(`item${at}`), type: "function_call", status, arguments: part.call.pieces.join(""),
    call_id: part.call.id, name: part.call.name,
  };
}

const status_of = (said) => (ended[said.stop] ? "incomplete" : "completed");

// The answer repeats the request's settings; those without a default may be missing in older ones.
function response(said, state, output, counts) {
  const asked = said.asked ?? {};
  return {
    id: said.id ?? id("answer"), object: "response", created_at: said.created ?? time, status: state,
    background: ifGiven(false), error: null,
    incomplete_details: state === "incomplete" ? { reason: ended[said.stop] } : null,
    instructions: asked.system ?? null, max_output_tokens: asked.limit ?? null, model: said.model, output,
    parallel_tool_calls: !asked.is_serial, previous_response_id: null,
    reasoning: asked.effort ? { effort: asked.effort, summary: "auto" } : { effort: null, summary: null },
    store: ifGiven(any), temperature: asked.temperature ?? oneOf(1, null),
    text: text(asked) ? { format: { ...text(asked).format, ...(asked.schema ? { description: ifGiven(null) } : {}) } } : { format: { type: "text" } },
    tool_choice: tool_choice(asked.choice) ?? "auto", tools: tools(asked) ?? [],
    top_logprobs: ifGiven(0), top_p: asked.top_p ?? oneOf(1, null), truncation: "disabled",
    usage: counts ? usage(counts) : null, user: ifGiven(null), metadata: {},
  };
}

export const answer = (said) =>
  response(said, status_of(said), said.parts.map((part, at) => item(said, part, at)), said.usage);

// What comes between an item's two ends: [type, place, more] of each event.
function inside(part, full, own) {
  if (part.thinking?.length === 0) return [];
  if (part.thinking) {
    const text = part.thinking.join("");
    const row = (name, more) => [`response.reasoning_summary_${name}`, { summary_index: 0 }, more];
    return [
      row("part.added", { part: { type: "summary_text", text: "" } }),
      ...part.thinking.map((delta) => row("text.delta", { delta })),
      row("text.done", { text }),
      row("part.done", { part: { type: "summary_text", text } }),
    ];
  }
  if (part.text) {
    const row = (name, more) => [`response.${name}`, { content_index: 0 }, more];
    const logprobs = [];
    return [
      row("content_part.added", { part: { ...full.content[0], text: "" } }),
      ...part.text.map((delta) => row("output_text.delta", { delta, logprobs })),
      row("output_text.done", { text: part.text.join(""), logprobs }),
      row("content_part.done", { part: full.content[0] }),
    ];
  }
  const row = (name, more) => [`response.function_call_arguments.${name}`, {}, more];
  return [
    ...part.call.pieces.map((delta) => row("delta", { delta })),
    // The SDK's type has the name, the recorded stream does not.
    row("done", { arguments: part.call.pieces.join(""), name: own ? part.call.name : ifGiven(part.call.name) }),
  ];
}

function begun(full) {
  if (full.type === "reasoning") return { ...full, status: ifGiven("in_progress"), summary: [], encrypted_content: ifGiven(any) };
  if (full.type === "message") return { ...full, status: "in_progress", content: [] };
  return { ...full, status: "in_progress", arguments: "" };
}

export function stream(said) {
  const events = [];
  const tell = (type, more) => events.push({ type, sequence_number: events.length, ...more });
  const open = response(said, "in_progress", [], undefined);
  tell("response.created", { response: open });
  tell("response.in_progress", { response: open });
  const told = said.parts.map((part, output_index) => {
    const full = item(said, part, output_index);
    tell("response.output_item.added", { output_index, item: begun(full) });
    for (const [type, place, more] of inside(part, full, said.own)) {
      if (said.failure && !/added|delta/.test(type)) continue;
      const also = said.own && type.endsWith(".delta") ? { obfuscation: "4pFoZ1kzG" } : {};
      tell(type, { item_id: full.id, output_index, ...place, ...more, ...also });
    }
    if (!said.failure) tell("response.output_item.done", { output_index, item: full });
    return full;
  });
  if (said.failure) {
    const error = { code: oneOf("server_error", "rate_limit_exceeded"), message: said.failure.message };
    tell("response.failed", { response: { ...response(said, "failed", [], undefined), usage: any, error } });
    return sse(events, true);
  }
  const last = response(said, status_of(said), told, said.usage);
  tell(`response.${last.status}`, { response: last });
  return sse(events, true);
}

export { error } from "./openai.mjs";

export function read(message) {
  return {
    text: message.output.filter((item) => item.type === "message").map((item) => item.content[0].text).join(""),
    calls: message.output.filter((item) => item.type === "function_call")
      .map((item) => ({ name: item.name, args: JSON.parse(item.arguments) })),
    stop: message.status,
    output: message.usage.output_tokens,
  };
}
export const stops = { end: "completed", calls: "completed", stop_sequence: "completed", length: "incomplete", filtered: "incomplete" };
