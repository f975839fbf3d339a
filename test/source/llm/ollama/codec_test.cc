#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/support/json.h"
#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using test::canonical;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr Dialect kOllama = Dialect::kOllama;
constexpr Dialect kChat = Dialect::kOpenai;
constexpr Dialect kGemini = Dialect::kGemini;

std::string round(std::string_view body) { return test::transcode_request(kOllama, kOllama, body); }
std::string from_chat(std::string_view more) {
  return test::transcode_request(
      kChat, kOllama,
      R"({"model":"m","messages":[{"role":"user","content":"hi"}],)" + std::string(more) + "}");
}

TEST(OllamaRequestTest, EveryFieldComesBack) {
  const std::string body = R"({"model":"target-model","stream":false,"messages":[
      {"role":"system","content":"Be\nbrief"},
      {"role":"user","content":"What \u00e9?","images":["iVBORw0KGgoA","/9j/AAAA"]},
      {"role":"assistant","content":"I look","thinking":"hm","tool_calls":[
         {"id":"c1","function":{"name":"f","arguments":{"a":"\u20ac"}}}]},
      {"role":"tool","content":"4 C","tool_name":"f","tool_call_id":"c1"}],
    "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}}],
    "format":{"type":"object"},"think":"high","keep_alive":"5m","truncate":true,"logprobs":true,
    "top_logprobs":2,"options":{"num_predict":64,"temperature":0.10,"top_p":1e-1,"top_k":40,
      "stop":["a","b"],"seed":7,"frequency_penalty":-1,"presence_penalty":2,"num_ctx":4096}})";
  EXPECT_EQ(canonical(round(body)), canonical(body));
  for (const std::string_view more : {R"("think":true)", R"("think":false)", R"("format":"json")",
                                      R"("options":{"num_predict":-2})"}) {
    const std::string one = R"({"model":"target-model","stream":false,"messages":[
        {"role":"user","content":"hi"}],)" +
                            std::string(more) + "}";
    EXPECT_EQ(canonical(round(one)), canonical(one));
  }
}

TEST(OllamaRequestTest, AnErrorNamesTheField) {
  const auto error = [](std::string_view message) {
    return round(R"({"model":"m","messages":[)" + std::string(message) + "]}");
  };
  EXPECT_THAT(error(R"({"content":"a"})"), HasSubstr("messages[0].role: is missing"));
  EXPECT_THAT(error(R"({"role":"wizard"})"), HasSubstr("messages[0].role: must be one of"));
  EXPECT_THAT(error(R"({"role":"user","content":"a","tool_calls":[{"function":{"name":"f"}}]})"),
              HasSubstr("messages[0].tool_calls: stands in messages of the role 'assistant' only"));
  EXPECT_THAT(error(R"({"role":"user","content":[]})"), HasSubstr("messages[0].content: must be"));
  EXPECT_THAT(error(R"({"role":"user","images":[7]})"),
              HasSubstr("messages[0].images[0]: must be"));
  EXPECT_THAT(error(R"({"role":"assistant","tool_calls":[{"function":{}}]})"),
              HasSubstr("messages[0].tool_calls[0].function.name: is missing"));
  EXPECT_THAT(error(R"({"role":"user","content":"a"}],"options":{"top_k":"x"},"x":[1)"),
              HasSubstr("options.top_k: must be a number"));
  EXPECT_THAT(error(R"({"role":"user","content":"a"}],"think":"huge","x":[1)"),
              HasSubstr("think: must be one of 'low'"));
  EXPECT_THAT(round(R"({"model":"m"})"), HasSubstr("messages: must hold at least one message"));
}

// Calls and results without ids find each other by name and order.
TEST(OllamaRequestTest, BecomesAChatRequest) {
  const std::string out = test::transcode_request(kOllama, kChat, R"({"model":"m","messages":[
      {"role":"user","content":"What?","images":["iVBORw0KGgoA"]},
      {"role":"assistant","content":"","tool_calls":[
         {"function":{"name":"f","arguments":{"a":1}}},{"function":{"name":"g","arguments":{}}},
         {"function":{"name":"f","arguments":{"a":2}}}]},
      {"role":"tool","content":"G","tool_name":"g"},{"role":"tool","content":"1"},
      {"role":"tool","content":"2","tool_name":"f"}],
    "options":{"num_predict":9,"num_ctx":10},"format":"json","think":"low","keep_alive":0})");
  const size_t end = out.find("\nDROPPED ");
  EXPECT_EQ(canonical(out.substr(0, end)), canonical(R"({"model":"target-model","messages":[
      {"role":"system","content":"Answer with one JSON object and nothing else: )"
                                                     R"(no other text, no code fence."},
      {"role":"user","content":[{"type":"text","text":"What?"},
         {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgoA"}}]},
      {"role":"assistant","content":null,"tool_calls":[
         {"id":"call_1_f","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
         {"id":"call_2_g","type":"function","function":{"name":"g","arguments":"{}"}},
         {"id":"call_3_f","type":"function","function":{"name":"f","arguments":"{\"a\":2}"}}]},
      {"role":"tool","tool_call_id":"call_2_g","content":"G"},
      {"role":"tool","tool_call_id":"call_1_f","content":"1"},
      {"role":"tool","tool_call_id":"call_3_f","content":"2"}],
    "response_format":{"type":"json_object"},"max_tokens":9,"reasoning_effort":"low"})"));
  EXPECT_EQ(out.substr(end), "\nDROPPED options.num_ctx, keep_alive");
}

TEST(OllamaRequestTest, AChatRequestBecomesIt) {
  const std::string out = test::transcode_request(
      kChat, kOllama, R"({"model":"m","messages":[{"role":"developer","content":"Be brief."},
      {"role":"user","content":[{"type":"text","text":"What"},{"type":"text","text":"now?"},
         {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},
      {"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[
         {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
      {"role":"tool","tool_call_id":"c1","content":"4 C"}],
    "tools":[{"type":"function","function":{"name":"f"}},
       {"type":"function","function":{"name":"g","parameters":{"type":"object"}}}],
    "tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[
       {"type":"function","function":{"name":"g"}}]}},
    "response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object"}}},
    "reasoning_effort":"xhigh","max_tokens":5,"stop":"E","seed":1,"keep_alive":"1h"})",
      {.model = "target-model", .stream = true});
  EXPECT_EQ(canonical(out), canonical(R"({"model":"target-model","stream":true,"messages":[
      {"role":"system","content":"Be brief."},
      {"role":"user","content":"What\nnow?","images":["AAAA"]},
      {"role":"assistant","content":"","thinking":"hm","tool_calls":[
         {"id":"c1","function":{"name":"f","arguments":{"a":1}}}]},
      {"role":"tool","content":"4 C","tool_name":"f","tool_call_id":"c1"}],
    "tools":[{"type":"function","function":{"name":"g","parameters":{"type":"object"}}}],
    "format":{"type":"object"},"think":"high","keep_alive":"1h",
    "options":{"num_predict":5,"stop":["E"],"seed":1}})"));
}

// Pitfall 73: a schema is told in the target's own words, not as a tool or a sentence in the
// prompt.
TEST(OllamaRequestTest, Pitfall73ASchemaIsNativeWhereTheTargetHasOne) {
  const std::string request = R"({"model":"m","messages":[{"role":"user","content":"x"}],
    "response_format":{"type":"json_schema","json_schema":{"name":"s","schema":
      {"type":"object","properties":{"a":{"type":"string"}}}}}})";
  const std::string ollama = test::transcode_request(kChat, kOllama, request, {.model = "m"});
  EXPECT_THAT(ollama,
              HasSubstr(R"("format":{"type":"object","properties":{"a":{"type":"string"}}})"));
  const std::string gemini =
      test::transcode_request(kChat, Dialect::kGemini, request, {.model = "m"});
  EXPECT_THAT(gemini, HasSubstr(R"("responseMimeType":"application/json")"));
  EXPECT_THAT(gemini, HasSubstr(R"("responseJsonSchema":{"type":"object")"));
  for (const std::string& each : {ollama, gemini}) {
    EXPECT_EQ(each.find("tools"), std::string::npos) << each;
    EXPECT_EQ(each.find("DROPPED"), std::string::npos) << each;
  }
}

TEST(OllamaRequestTest, WhatCannotBeSaidIsDroppedOrRefused) {
  EXPECT_THAT(from_chat(R"("user":"u","metadata":{},"logit_bias":{})"),
              HasSubstr("\nDROPPED user, metadata, logit_bias"));
  EXPECT_THAT(from_chat(R"("n":2)"), HasSubstr("ERROR n: "));
  const std::string tools = R"("tools":[{"type":"function","function":{"name":"f"}}],)";
  EXPECT_THAT(from_chat(tools + R"("tool_choice":"required")"), HasSubstr("ERROR tool_choice: "));
  EXPECT_THAT(from_chat(tools + R"("tool_choice":"none")"), Not(HasSubstr("tools")));
  EXPECT_THAT(from_chat(R"("tools":[{"type":"web_search"}])"), HasSubstr("ERROR tools: "));
  EXPECT_THAT(test::transcode_request(kChat, kOllama, R"({"model":"m","messages":[
                  {"role":"user","content":[{"type":"image_url","image_url":{"url":"https://a/b"}}]}]})"),
              HasSubstr("ERROR messages: "));
}

TEST(OllamaRequestTest, BecomesAGeminiRequestAndBack) {
  const std::string ollama = R"({"model":"target-model","stream":false,"messages":[
      {"role":"user","content":"What?"},
      {"role":"assistant","content":"","tool_calls":[{"id":"call_1_f","function":{"name":"f","arguments":{}}}]},
      {"role":"tool","content":"4","tool_name":"f","tool_call_id":"call_1_f"}]})";
  const std::string gemini = test::transcode_request(kOllama, kGemini, ollama);
  EXPECT_EQ(canonical(gemini), canonical(R"({"contents":[
      {"role":"user","parts":[{"text":"What?"}]},
      {"role":"model","parts":[{"functionCall":{"id":"call_1_f","name":"f","args":{}}}]},
      {"role":"user","parts":[{"functionResponse":{"id":"call_1_f","name":"f","response":{"result":"4"}}}]}]})"));
  EXPECT_EQ(canonical(test::transcode_request(kGemini, kOllama, gemini)), canonical(ollama));
}

const std::string kNames = R"({"model":"m","created_at":"2023-11-14T22:13:20Z",)";
std::string line(std::string_view message) {
  return kNames + R"("message":{"role":"assistant",)" + std::string(message) +
         R"(},"done":false})" + "\n";
}
std::string last(std::string_view reason = "stop", std::string_view message = R"("content":"")") {
  return kNames + R"("message":{"role":"assistant",)" + std::string(message) +
         R"(},"done":true,"done_reason":")" + std::string(reason) +
         R"(","total_duration":0,"load_duration":0,"prompt_eval_count":26,)"
         R"("prompt_eval_duration":0,"eval_count":4,"eval_duration":0})";
}

const std::string kStream =
    line(R"("content":"","thinking":"hm \n")") + line(R"("content":"I")") +
    line(R"("content":" look")") +
    line(
        R"("content":"","tool_calls":[{"id":"c1","function":{"index":0,"name":"f","arguments":{"a":"\u00e9"}}}])") +
    line(
        R"("content":"","tool_calls":[{"id":"c2","function":{"index":1,"name":"f","arguments":{}}}])") +
    last() + "\n";

std::string same(std::string_view bytes) { return test::transcode_stream(kOllama, kOllama, bytes); }

TEST(OllamaAnswerTest, AStreamComesBackAsItWas) { EXPECT_EQ(same(kStream), kStream); }

TEST(OllamaAnswerTest, AStreamBecomesAChatStream) {
  const std::string out = test::transcode_stream(kOllama, kChat, kStream);
  EXPECT_THAT(out, HasSubstr(R"("created":1700000000)"));
  EXPECT_LT(out.find(R"("reasoning_content":"hm \n")"), out.find(R"("content":"I")"));
  EXPECT_THAT(out, HasSubstr(R"("arguments":"{\"a\":\"\\u00e9\"}")"));
  EXPECT_THAT(out, HasSubstr(R"("finish_reason":"tool_calls")"));
  EXPECT_THAT(out, HasSubstr(R"("prompt_tokens":26,"completion_tokens":4)"));
  EXPECT_THAT(out, EndsWith("data: [DONE]\n\n"));
  EXPECT_THAT(test::transcode_stream(kOllama, kChat, line(R"("content":"a")") + last("length")),
              HasSubstr(R"("finish_reason":"length")"));
}

TEST(OllamaAnswerTest, AChatStreamBecomesLinesWithOneEnd) {
  const auto delta = [](std::string_view text, std::string_view finish = "null") {
    return R"(data: {"id":"1","model":"m","created":1700000000,"choices":[{"index":0,"delta":)" +
           std::string(text) + R"(,"finish_reason":)" + std::string(finish) + "}]}\n\n";
  };
  const std::string bytes =
      delta(R"({"reasoning_content":"hm \n"})") + delta(R"({"content":"I"})") +
      delta(R"({"content":" look"})") +
      delta(
          R"({"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\":"}}]})") +
      delta(R"({"tool_calls":[{"index":0,"function":{"arguments":"\"\\u00e9\"}"}}]})") +
      delta(R"({"tool_calls":[{"index":1,"id":"c2","function":{"name":"f","arguments":""}}]})") +
      delta("{}", "\"tool_calls\"") +
      R"(data: {"choices":[],"usage":{"prompt_tokens":26,"completion_tokens":4}})"
      "\n\ndata: [DONE]\n\n";
  EXPECT_EQ(test::transcode_stream(kChat, kOllama, bytes), kStream);
}

TEST(OllamaAnswerTest, APlainAnswerComesBackAndCanBecomeAStream) {
  const std::string body =
      last("stop", R"("content":"I look","thinking":"hm","tool_calls":[)"
                   R"({"id":"c1","function":{"index":0,"name":"f","arguments":{"a":1}}}])");
  EXPECT_EQ(canonical(test::transcode_answer(kOllama, kOllama, body)), canonical(body));
  EXPECT_EQ(
      test::transcode_answer(kOllama, kOllama, body, true),
      line(R"("content":"","thinking":"hm")") + line(R"("content":"I look")") +
          line(
              R"("content":"","tool_calls":[{"id":"c1","function":{"index":0,"name":"f","arguments":{"a":1}}}])") +
          last() + "\n");
  const auto plain = test::parse_json(test::transcode_stream(kOllama, kOllama, kStream, 0, false));
  EXPECT_EQ(plain["message"]["content"], "I look");
  EXPECT_EQ(plain["message"]["tool_calls"].size(), 2u);
  const auto chat = test::parse_json(test::transcode_answer(kOllama, kChat, body));
  EXPECT_EQ(chat["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], R"({"a":1})");
}

TEST(OllamaAnswerTest, WhatIsNoAnswerIsRefused) {
  for (const std::string_view body :
       {R"({"error":"no"})", "{}", "7", R"({"message":{"content":"a"},"done":false})"})
    EXPECT_THAT(test::transcode_answer(kOllama, kChat, body), HasSubstr("BROKEN")) << body;
}

TEST(OllamaAnswerTest, AnErrorInTheMiddleEndsTheStream) {
  const std::string bytes = line(R"("content":"a")") + "{\"error\":\"no \\\"more\\\"\"}\n";
  EXPECT_EQ(same(bytes), bytes);
  EXPECT_THAT(test::transcode_stream(kOllama, kChat, bytes),
              HasSubstr(R"({"error":{"message":"no \"more\"")"));
  EXPECT_EQ(render_error(kOllama, {.status = 404, .message = "no model"}),
            R"({"error":"no model"})");
  EXPECT_EQ(render_stream_error(kOllama, {.status = 429}), "{\"error\":\"rate limit exceeded\"}\n");
}

TEST(OllamaAnswerTest, CallsWithoutIdsGetThem) {
  const std::string bytes =
      line(R"("content":"","tool_calls":[{"function":{"name":"f","arguments":{}}},)"
           R"({"function":{"name":"f","arguments":{}}}])") +
      last();
  const std::string out = test::transcode_stream(kOllama, kChat, bytes);
  EXPECT_THAT(out, HasSubstr(R"("index":0,"id":"call_seed1")"));
  EXPECT_THAT(out, HasSubstr(R"("index":1,"id":"call_seed2")"));
}

TEST(OllamaAnswerTest, AGeminiStreamBecomesLines) {
  const std::string bytes =
      R"(data: {"candidates":[{"content":{"parts":[{"text":"a","thoughtSignature":"AAAA"}]},"index":0}]})"
      "\n\n"
      R"(data: {"candidates":[{"finishReason":"MAX_TOKENS"}],"modelVersion":"g"})"
      "\n\n";
  const std::string out = test::transcode_stream(kGemini, kOllama, bytes);
  EXPECT_THAT(out, HasSubstr(R"("content":"a"},"done":false})"));
  EXPECT_THAT(out, HasSubstr(R"("done":true,"done_reason":"length")"));
}

}  // namespace
}  // namespace omni::llm
