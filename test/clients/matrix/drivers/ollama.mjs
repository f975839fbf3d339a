// The ollama library.
import { Ollama } from "ollama";
import { call, kindOf } from "./words.mjs";

function messages({ system, turns }) {
  const all = system ? [{ role: "system", content: system }] : [];
  for (const turn of turns) {
    if (turn.answer) all.push(turn.answer.raw);
    else if (turn.role === "tool")
      all.push(
        ...turn.results.map(({ id, name, text }) => ({
          role: "tool",
          tool_name: name,
          tool_call_id: id,
          content: text,
        })),
      );
    else all.push({ role: turn.role, content: turn.text, ...(turn.image && { images: [turn.image.data] }) });
  }
  return all;
}

const request = (ask) => ({
  model: ask.model,
  messages: messages(ask),
  options: { num_predict: ask.maxTokens, stop: ask.stop },
  format: ask.schema,
  think: ask.thinks,
  tools: ask.tools?.map(({ name, description, schema }) => ({
    type: "function",
    function: { name, description, parameters: schema },
  })),
});

function answer(lines, pieces) {
  const last = lines.at(-1);
  const joined = (key) => lines.map(({ message }) => message[key] ?? "").join("");
  const tool_calls = lines.flatMap(({ message }) => message.tool_calls ?? []);
  const message = {
    role: "assistant",
    content: joined("content"),
    ...(joined("thinking") && { thinking: joined("thinking") }),
    ...(tool_calls.length && { tool_calls }),
  };
  const stop = last.done_reason === "stop" ? (tool_calls.length ? "calls" : "end") : last.done_reason;
  return {
    text: message.content,
    thought: message.thinking ?? "",
    stop,
    pieces,
    raw: message,
    usage: { input: last.prompt_eval_count, cached: 0, output: last.eval_count },
    calls: tool_calls.map((made) => ({ id: made.id, name: made.function.name, args: made.function.arguments })),
  };
}

export const connectTo = (url, key) =>
  new Ollama({
    host: url,
    headers: { authorization: `Bearer ${key}` },
    fetch: (...args) => globalThis.fetch(...args),
  });
export const failure = (error) => ({
  status: error.status_code,
  kind: kindOf(error.status_code),
  message: error.message,
});

export const ollama = {
  name: "ollama",
  library: "ollama",
  label: "`ollama` (npm)",
  dialect: "ollama",
  connect(url, key) {
    // Each request its own: abort() of one client ends all that it has under way.
    const connected = () => connectTo(url, key);
    return {
      chat: (ask) => call(async () => answer([await connected().chat(request(ask))])),
      stream: (ask) =>
        call(async () => {
          const lines = [];
          for await (const line of await connected().chat({ ...request(ask), stream: true })) lines.push(line);
          return answer(lines, lines.filter(({ message }) => message.content).length);
        }),
      async leave(ask) {
        const stream = await connected().chat({ ...request(ask), stream: true });
        try {
          for await (const line of stream) if (line.message.content) stream.abort();
        } catch (error) {
          if (error.name !== "AbortError") throw error;
        }
      },
      failure,
    };
  },
};
