// The openai library's Chat Completions and Responses.
import OpenAI from "openai";
import { call, classOf, leaveFirst } from "./words.mjs";

const kStop = { stop: "end", length: "length", tool_calls: "calls", content_filter: "filter" };
export const connectTo = (url, key) => new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
const given = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
const dataUrl = ({ type, data }) => `data:${type};base64,${data}`;

function chatMessages({ system, turns }) {
  const messages = system ? [{ role: "system", content: system }] : [];
  for (const turn of turns) {
    if (turn.answer) messages.push(turn.answer.raw);
    else if (turn.role === "tool")
      messages.push(...turn.results.map(({ id, text }) => ({ role: "tool", tool_call_id: id, content: text })));
    else if (turn.image)
      messages.push({
        role: "user",
        content: [
          { type: "text", text: turn.text },
          { type: "image_url", image_url: { url: dataUrl(turn.image) } },
        ],
      });
    else messages.push({ role: turn.role, content: turn.text });
  }
  return messages;
}

const chatRequest = (ask) =>
  given({
    model: ask.model,
    messages: chatMessages(ask),
    max_completion_tokens: ask.maxTokens,
    stop: ask.stop,
    tool_choice: ask.choice,
    tools: ask.tools?.map(({ name, description, schema }) => ({
      type: "function",
      function: { name, description, parameters: schema },
    })),
    response_format: ask.schema && { type: "json_schema", json_schema: { name: "reply", schema: ask.schema } },
    reasoning_effort: ask.thinks ? "medium" : undefined,
  });

function chatAnswer({ choices: [{ message, finish_reason }], usage }, pieces) {
  return {
    text: message.content ?? "",
    thought: message.reasoning_content ?? "",
    stop: kStop[finish_reason],
    pieces,
    raw: message,
    calls: (message.tool_calls ?? []).map((made) => ({
      id: made.id,
      name: made.function.name,
      args: JSON.parse(made.function.arguments),
    })),
    usage: usage && {
      input: usage.prompt_tokens,
      cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
      output: usage.completion_tokens,
    },
  };
}

// The library puts together what the vendor documents; reasoning is what others add to the deltas.
async function chatStream(client, ask) {
  const stream = client.chat.completions.stream({ ...chatRequest(ask), stream_options: { include_usage: true } });
  const reasoning = { reasoning_content: "", reasoning_details: [] };
  let pieces = 0;
  for await (const {
    choices: [choice],
  } of stream) {
    if (choice?.delta.content) pieces += 1;
    reasoning.reasoning_content += choice?.delta.reasoning_content ?? "";
    reasoning.reasoning_details.push(...(choice?.delta.reasoning_details ?? []));
  }
  const answer = await stream.finalChatCompletion();
  if (reasoning.reasoning_content || reasoning.reasoning_details.length)
    Object.assign(answer.choices[0].message, reasoning);
  return chatAnswer(answer, pieces);
}

export const chat = {
  name: "openai-chat",
  library: "openai",
  label: "`openai` (npm), Chat Completions",
  dialect: "openai",
  connect(url, key) {
    const client = connectTo(url, key);
    return {
      chat: (ask) => call(async () => chatAnswer(await client.chat.completions.create(chatRequest(ask)))),
      stream: (ask) => call(() => chatStream(client, ask)),
      async leave(ask) {
        const stream = await client.chat.completions.create({ ...chatRequest(ask), stream: true });
        await leaveFirst(stream, () => stream.controller.abort());
      },
      failure: (error) => classOf(OpenAI, error),
    };
  },
};

function inputItems({ turns }) {
  return turns.flatMap((turn) => {
    if (turn.answer) return turn.answer.raw;
    if (turn.role === "tool")
      return turn.results.map(({ id, text }) => ({ type: "function_call_output", call_id: id, output: text }));
    if (turn.image)
      return {
        role: "user",
        content: [
          { type: "input_text", text: turn.text },
          { type: "input_image", detail: "auto", image_url: dataUrl(turn.image) },
        ],
      };
    return { role: turn.role, content: turn.text };
  });
}

const responsesRequest = (ask) =>
  given({
    model: ask.model,
    input: inputItems(ask),
    instructions: ask.system,
    max_output_tokens: ask.maxTokens,
    tool_choice: ask.choice,
    store: false,
    tools: ask.tools?.map(({ name, description, schema }) => ({
      type: "function",
      name,
      description,
      parameters: schema,
      strict: false,
    })),
    text: ask.schema && { format: { type: "json_schema", name: "reply", schema: ask.schema } },
    reasoning: ask.thinks ? { effort: "medium", summary: "auto" } : undefined,
    include: ask.thinks ? ["reasoning.encrypted_content"] : undefined,
  });

function responsesStop({ status, incomplete_details: details, output }) {
  if (status === "incomplete") return { max_output_tokens: "length", content_filter: "filter" }[details.reason];
  return output.some(({ type }) => type === "function_call") ? "calls" : "end";
}

function responsesAnswer(response, pieces) {
  const of = (type) => response.output.filter((item) => item.type === type);
  return {
    text: of("message")
      .flatMap(({ content }) => content)
      .map(({ text }) => text)
      .join(""),
    stop: responsesStop(response),
    pieces,
    raw: response.output,
    thought: of("reasoning")
      .flatMap(({ summary }) => summary)
      .map(({ text }) => text)
      .join(""),
    calls: of("function_call").map(({ call_id, name, arguments: args }) => ({
      id: call_id,
      name,
      args: JSON.parse(args),
    })),
    usage: {
      input: response.usage.input_tokens,
      cached: response.usage.input_tokens_details.cached_tokens,
      output: response.usage.output_tokens,
    },
  };
}

// The library gives a failure within a stream as an event among others, and puts together what is
// complete only: an answer that was cut short stands in its last event.
async function responsesStream(client, ask) {
  const stream = client.responses.stream(responsesRequest(ask));
  let pieces = 0;
  for await (const event of stream) {
    if (event.type === "response.output_text.delta") pieces += 1;
    if (event.type === "response.incomplete") return responsesAnswer(event.response, pieces);
    if (event.type === "error") throw new Error(event.message);
    if (event.type === "response.failed") throw new Error(event.response.error.message);
  }
  return responsesAnswer(await stream.finalResponse(), pieces);
}

export const responses = {
  name: "openai-responses",
  library: "openai",
  label: "`openai` (npm), Responses",
  dialect: "responses",
  always: "store",
  connect(url, key) {
    const client = connectTo(url, key);
    return {
      chat: (ask) => call(async () => responsesAnswer(await client.responses.create(responsesRequest(ask)))),
      stream: (ask) => call(() => responsesStream(client, ask)),
      async leave(ask) {
        const stream = await client.responses.create({ ...responsesRequest(ask), stream: true });
        await leaveFirst(
          (async function* () {
            for await (const event of stream) if (event.type === "response.output_text.delta") yield event;
          })(),
          () => stream.controller.abort(),
        );
      },
      failure: (error) => classOf(OpenAI, error),
    };
  },
};
