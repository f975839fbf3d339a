// What is said in the cases, in nobody's dialect. Of each conversation:
//
//   request     system, turns (user, assistant with calls, results), tools, settings
//   answer      parts (text and thinking in the pieces of a stream, calls), stop, usage
//   error       in place of an answer: status and message; `failure` breaks a stream off
//   from, to    the dialects that can say it, where not all can
//   target      the upstream's model, where its dialect's usual one will not do
//   refused     by upstream: the field for which the client gets 400
const place = (description) => ({
  type: "object", properties: { city: { type: "string", description } }, required: ["city"], additionalProperties: false,
});
const weather = { name: "get_weather", description: "The weather of today", schema: place("A city's name") };
const local_time = { name: "get_time", description: "What the clocks show", schema: place("A city's name") };

const call_a = { id: "call_a1", name: "get_weather", args: { city: "Oslo" }, pieces: ['{"city":', '"Oslo"}'] };
const call_b = { id: "call_b2", name: "get_time", args: { city: "Lima" }, pieces: ['{"ci', 'ty":"Li', 'ma"}'] };

// A red dot.
const dot =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

const answer_schema = {
  type: "object",
  properties: { name: { type: "string" }, km: { type: "integer" } },
  required: ["name", "km"],
  additionalProperties: false,
};

const proof = "EqQBCkYIBBgCKkCxM0rZ7w1hK3vQkq9Zl5aZy2Jf";

export const conversations = [
  {
    name: "turns",
    title: "System text, three turns, limits; an answer that ends at a stop sequence, partly from the cache",
    request: {
      system: "Answer tersely.",
      turns: [{ user: "Name a river." }, { assistant: "The Rhine." }, { user: "And a longer \"one\"?\n" }],
      limit: 300, temperature: 0.5, stop: ["END"],
    },
    answer: {
      parts: [{ text: ["The Danube, 2\u202f850\u00a0km."] }], stop: "stop_sequence", stop_sequence: "END",
      usage: { input: 1200, output: 12, cached: 1024, written: 100, reasoning: 0 },
    },
  },
  {
    name: "tool_results",
    title: "Two tools were called at once, and their results are given back",
    request: {
      turns: [
        { user: "Weather in Oslo, time in Lima?" },
        { assistant: "I will look.", calls: [call_a, call_b] },
        { results: [{ id: "call_a1", name: "get_weather", text: "4 degrees, \"rain\"" }, { id: "call_b2", name: "get_time", text: "07:30" }] },
      ],
      tools: [weather, local_time], choice: "auto",
    },
    answer: {
      parts: [{ text: ["Oslo: rain, 4 degrees. Lima: half past seven."] }], stop: "end",
      usage: { input: 340, output: 21, cached: 0, reasoning: 0 },
    },
  },
  {
    name: "calls",
    title: "A tool must be called, and two are",
    request: { turns: [{ user: "Weather in Oslo, time in Lima?" }], tools: [weather, local_time], choice: "required" },
    answer: { parts: [{ call: call_a }, { call: call_b }], stop: "calls", usage: { input: 120, output: 48, cached: 0, reasoning: 0 } },
  },
  {
    name: "image",
    title: "A question about an image; the answer hits the limit",
    request: {
      turns: [{ user: [{ text: "What is in it?" }, { image: { type: "image/png", data: dot } }] }],
      limit: 20, tools: [weather], choice: { name: "get_weather" },
    },
    answer: { parts: [{ text: ["A red dot, as far as one"] }], stop: "length", usage: { input: 270, output: 20, cached: 0, reasoning: 0 } },
  },
  {
    name: "schema",
    title: "The answer must follow a JSON schema",
    request: {
      turns: [{ user: "The Rhine is 1233 km long." }], limit: 200,
      schema: { name: "river", schema: answer_schema, strict: true },
    },
    answer: {
      parts: [{ text: ['{"name":"Rhine","km":1233}'] }], stop: "end",
      usage: { input: 61, output: 11, cached: 0, reasoning: 0 },
    },
  },
  {
    name: "thinking",
    title: "Thinking is asked for and shown",
    request: { turns: [{ user: "Is 91 a prime?" }], limit: 16000, effort: "medium" },
    answer: {
      parts: [{ thinking: ["91 is 7 times 13."], proof }, { text: ["No: 7 \u00d7 13."] }], stop: "end",
      usage: { input: 18, output: 90, cached: 0, reasoning: 72 },
    },
  },
  {
    name: "stream_text",
    title: "A stream of text, with the usage at its end",
    request: { system: "Be kind.", turns: [{ user: "Hello" }], temperature: 1, stream: true },
    answer: {
      parts: [{ text: ["Hello", " th", "ere!\n\"\u00e9\ud83d\ude42\""] }], stop: "end",
      usage: { input: 2057, output: 9, cached: 2048, reasoning: 0 },
    },
  },
  {
    name: "stream_calls",
    title: "A stream of text and then two tool calls",
    request: { turns: [{ user: "Weather in Oslo, time in Lima?" }], tools: [weather, local_time], stream: true },
    answer: {
      parts: [{ text: ["I will", " look."] }, { call: call_a }, { call: call_b }], stop: "calls",
      usage: { input: 131, output: 60, cached: 0, reasoning: 0 },
    },
  },
  {
    name: "stream_thinking",
    title: "A stream of a thought and then text",
    request: { turns: [{ user: "Is 91 a prime?" }], limit: 40000, effort: "high", stream: true },
    answer: {
      parts: [{ thinking: ["91 is ", "7 times 13."], proof }, { text: ["No: ", "7 \u00d7 13."] }], stop: "end",
      usage: { input: 18, output: 95, cached: 0, reasoning: 80 },
    },
  },
  {
    name: "stream_length",
    title: "A stream that the limit cuts off",
    request: { turns: [{ user: "Count." }], limit: 16, seed: 7, stream: true },
    answer: {
      parts: [{ text: ["1, 2, 3,", " 4, 5, 6,"] }], stop: "length",
      usage: { input: 9, output: 16, cached: 0, reasoning: 0 },
    },
  },
  {
    name: "stream_filtered",
    title: "A stream that the provider's filter cuts off",
    request: { turns: [{ user: "Tell it." }], stream: true },
    answer: { parts: [{ text: ["Once", " upon"] }], stop: "filtered", usage: { input: 11, output: 3, cached: 0, reasoning: 0 } },
  },
  {
    name: "stream_error",
    title: "A stream that the provider breaks off with an error",
    request: { turns: [{ user: "Count." }], stream: true },
    failure: { status: 503, message: "The model is overloaded. Try again later." },
    answer: { parts: [{ text: ["1, 2,", " 3"] }], stop: "end", usage: { input: 8, output: 4, cached: 0, reasoning: 0 } },
  },
  {
    name: "tool_error",
    title: "A tool failed",
    request: {
      turns: [
        { user: "Weather in Oslo?" },
        { calls: [call_a] },
        { results: [{ id: "call_a1", name: "get_weather", text: "no connection", failed: true }] },
      ],
      tools: [weather],
    },
    answer: { parts: [{ text: ["I cannot tell."] }], stop: "end", usage: { input: 90, output: 5, cached: 0, reasoning: 0 } },
  },
  {
    name: "thought_before",
    title: "An earlier answer comes with its thought, which is another provider's",
    request: {
      turns: [
        { user: "Is 91 a prime?" },
        { thinking: "91 is 7 times 13.", proof, assistant: "No." },
        { user: "And 97?" },
      ],
    },
    answer: { parts: [{ text: ["Yes."] }], stop: "end", usage: { input: 40, output: 3, cached: 0, reasoning: 0 } },
  },
  {
    name: "prompt_cache",
    title: "The prompt is marked for the provider's cache, behind the system text and the last message",
    to: ["anthropic"],
    request: {
      system: "Answer tersely.", cache: true,
      turns: [{ user: "Name a river." }, { assistant: "The Rhine." }, { user: "And a longer one?" }],
    },
    answer: {
      parts: [{ text: ["The Danube."] }], stop: "end",
      usage: { input: 2400, output: 6, cached: 0, written: 2380, reasoning: 0 },
    },
  },
  {
    name: "effort",
    title: "A model that takes an effort only, asked with a temperature",
    to: ["anthropic"], target: "claude-opus-4-8",
    request: { turns: [{ user: "Is 91 a prime?" }], limit: 16000, effort: "high", temperature: 0.5 },
    answer: {
      parts: [{ thinking: ["91 is 7 times 13."], proof }, { text: ["No: 7 \u00d7 13."] }], stop: "end",
      usage: { input: 18, output: 90, cached: 0, reasoning: 72 },
    },
  },
  {
    name: "forced_call",
    title: "A tool must be called, and the server cannot be made to",
    to: ["ollama"], refused: { ollama: "tool_choice" },
    request: { turns: [{ user: "Weather in Oslo?" }], tools: [weather], choice: "required" },
  },
  {
    name: "adaptive",
    title: "A client of the newest form asks for as much thinking as is right",
    from: ["anthropic"],
    request: { turns: [{ user: "Is 91 a prime?" }], limit: 20000, effort: "high", is_adaptive: true },
    answer: {
      parts: [{ thinking: ["91 is 7 times 13."], proof }, { text: ["No: 7 \u00d7 13."] }], stop: "end",
      usage: { input: 18, output: 90, cached: 0, reasoning: 72 },
    },
  },
  {
    name: "image_link",
    title: "A question about an image that lies elsewhere",
    refused: { ollama: "messages" },
    request: { turns: [{ user: [{ text: "What is in it?" }, { link: { type: "image/png", url: "https://example.com/dot.png" } }] }] },
    answer: { parts: [{ text: ["A red dot."] }], stop: "end", usage: { input: 270, output: 4, cached: 0, reasoning: 0 } },
  },
  {
    name: "document",
    title: "A question about a PDF",
    refused: { ollama: "messages" },
    request: { turns: [{ user: [{ file: { name: "note.pdf", data: "JVBERi0xLjQKJeLjz9MK" } }, { text: "What does it say?" }] }] },
    answer: { parts: [{ text: ["Nothing."] }], stop: "end", usage: { input: 300, output: 2, cached: 0, reasoning: 0 } },
  },
  {
    name: "serial_calls",
    title: "One tool call at a time",
    from: ["openai", "responses", "anthropic"],
    request: { turns: [{ user: "Weather in Oslo, time in Lima?" }], tools: [weather, local_time], choice: "auto", is_serial: true },
    answer: { parts: [{ call: call_a }], stop: "calls", usage: { input: 120, output: 20, cached: 0, reasoning: 0 } },
  },
  {
    name: "json_mode",
    title: "The answer must be JSON, of whatever form",
    from: ["openai", "responses", "gemini", "ollama"], to: ["openai", "responses", "gemini", "ollama"],
    request: { system: "Answer with JSON.", turns: [{ user: "The Rhine is 1233 km long." }], is_json: true },
    answer: { parts: [{ text: ['{"km":1233}'] }], stop: "end", usage: { input: 61, output: 6, cached: 0, reasoning: 0 } },
  },
  {
    name: "sampling",
    title: "All that may be said of how words are drawn",
    request: {
      turns: [{ user: "Once upon" }], limit: 50, temperature: 0.7, top_p: 0.9, top_k: 40, seed: 7,
      frequency_penalty: 0.1, presence_penalty: 0.2,
    },
    answer: { parts: [{ text: [" a time"] }], stop: "end", usage: { input: 10, output: 3, cached: 0, reasoning: 0 } },
  },
  {
    name: "rate_limited",
    title: "The provider has had too many requests",
    request: { turns: [{ user: "Hello" }] },
    error: { status: 429, message: "Too many requests of this organization in a minute. Try again later." },
  },
  {
    name: "bad_request",
    title: "The provider does not take the request",
    request: { turns: [{ user: "Hello" }], temperature: 2 },
    error: { status: 400, message: "The prompt is too long: 210000 tokens, and 200000 are possible." },
  },
];
