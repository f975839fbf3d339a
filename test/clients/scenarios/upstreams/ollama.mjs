// Ollama for the scenarios: docs.ollama.com/api/chat, /capabilities/thinking and /tool-calling.
import { flatName, hasCalls, isObjectSchema, isText, known, must, pieces, uniqueNames, usageOf } from "./words.mjs";

export const dialect = "ollama";
export const signs = false;
export const hasIds = true;
export const countsTokens = false;
export const countsCached = false;

export const shows = ({ asked }) => asked.isThinking;

const kMembers = ["model", "messages", "tools", "format", "options", "stream", "think", "keep_alive"];
const kMessage = ["role", "content", "thinking", "images", "tool_calls", "tool_name", "tool_call_id"];
const kOptions = [
  "temperature",
  "top_p",
  "top_k",
  "num_predict",
  "seed",
  "stop",
  "presence_penalty",
  "frequency_penalty",
];

function message(one, where) {
  known(one, where, kMessage);
  must(["system", "user", "assistant", "tool"].includes(one.role), `invalid role: ${one.role}`);
  must(one.content === undefined || isText(one.content), `json: cannot unmarshal ${where}.content into a string`);
  for (const image of one.images ?? []) must(/^(iVBORw0KGgo|\/9j\/)/.test(image), `${where}: illegal base64 data`);
  for (const { function: made } of one.tool_calls ?? [])
    must(
      isText(made.name) && made.arguments?.constructor === Object,
      `json: cannot unmarshal ${where}.tool_calls.arguments`,
    );
}

// The server itself pairs nothing; the models' templates do, by name.
function pairs(messages) {
  let open = [];
  messages.forEach((one, i) => {
    if (one.role === "assistant") {
      open = (one.tool_calls ?? []).map(({ function: made }) => made.name);
    } else if (one.role === "tool") {
      must(open.includes(one.tool_name), `messages[${i}]: a result of no call: ${one.tool_name}`);
      open.splice(open.indexOf(one.tool_name), 1);
    } else {
      must(open.length === 0, `messages[${i}]: calls without a result: ${open}`);
    }
  });
}

export function read({ json }) {
  known(json, "request", kMembers);
  known(json.options ?? {}, "options", kOptions);
  must(json.messages?.length, "messages: missing");
  json.messages.forEach((one, i) => message(one, `messages[${i}]`));
  pairs(json.messages);
  must([undefined, true, false, "low", "medium", "high"].includes(json.think), `invalid think value: ${json.think}`);
  const tools = (json.tools ?? []).map(({ type, function: made }) => {
    must(type === "function" && made.name && isObjectSchema(made.parameters), "a tool lacks something");
    return made;
  });
  uniqueNames(
    tools.map(({ name }) => name),
    "tools",
  );
  return {
    isStream: json.stream !== false,
    isCount: false,
    signatures: [],
    markers: [],
    text: JSON.stringify(json.messages),
    tools,
    isThinking: Boolean(json.think),
  };
}

const line = (model, said, more) => ({
  model,
  created_at: "2025-10-26T17:15:24.097767Z",
  message: { role: "assistant", content: "", ...said },
  done: false,
  ...more,
});

const ended = (told) => ({
  done: true,
  done_reason: told.stop ?? "stop",
  total_duration: 4883583458,
  load_duration: 1334875,
  prompt_eval_count: usageOf(told).input,
  prompt_eval_duration: 342546000,
  eval_count: usageOf(told).output,
  eval_duration: 4535599000,
});

function made(said, index, memory) {
  const { args, input } = said;
  return { id: memory.id("call_", 8), function: { index, name: flatName(said), arguments: args ?? { input } } };
}

const shown = (told, asked) => told.says.filter(({ thought }) => thought === undefined || shows({ asked }));
const joined = (says, key) => says.map((said) => said[key] ?? "").join("");

export function answer(told, { json, asked }, memory) {
  const says = shown(told, asked);
  const calls = says.filter(({ call }) => call).map((said, i) => made(said, i, memory));
  const said = {
    content: joined(says, "text"),
    ...(joined(says, "thought") && { thinking: joined(says, "thought") }),
    ...(hasCalls(told) && { tool_calls: calls }),
  };
  return line(json.model, said, ended(told));
}

export function stream(told, { json, asked }, memory) {
  let index = 0;
  const lines = shown(told, asked).flatMap((said) => {
    if (said.thought !== undefined) return pieces(said.thought).map((thinking) => line(json.model, { thinking }));
    if (said.text !== undefined) return pieces(said.text).map((content) => line(json.model, { content }));
    return [line(json.model, { tool_calls: [made(said, index++, memory)] })];
  });
  return [...lines, line(json.model, {}, ended(told))].map((one) => `${JSON.stringify(one)}\n`);
}
