#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/support/json.h"
#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using test::canonical;
using testing::HasSubstr;
using testing::StartsWith;

constexpr Dialect kChat = Dialect::kOpenai;

std::string request(std::string_view body) { return test::transcode_request(kChat, kChat, body); }

TEST(ChatCodecTest, EveryFieldOfARequestComesBack) {
  const std::string body = R"({"model":"target-model","messages":[
      {"role":"system","content":"Be\nbrief \u00e9"},
      {"role":"user","name":"ann","content":[{"type":"text","text":"What is this?"},
         {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}},
         {"type":"image_url","image_url":{"url":"https://example.com/a.png"}},
         {"type":"input_audio","input_audio":{"data":"BBBB","format":"wav"}},
         {"type":"file","file":{"file_data":"data:application/pdf;base64,CCCC","filename":"a.pdf"}}]},
      {"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[
         {"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":\"\\u20ac\"}"}},
         {"id":"call_2","type":"custom","custom":{"name":"g","input":"free \"text\""}}]},
      {"role":"tool","tool_call_id":"call_1","content":"4 C"},
      {"role":"tool","tool_call_id":"call_2","content":"ok"},
      {"role":"assistant","content":null,"refusal":"no"}],
    "tools":[{"type":"function","function":{"name":"f","description":"d","strict":true,
       "parameters":{"type":"object","properties":{"a":{"type":"string"}}}}},
       {"type":"custom","custom":{"name":"g","description":"takes text"}}],
    "tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,
    "response_format":{"type":"json_schema","json_schema":{"name":"s","strict":true,
       "schema":{"type":"object"}}},
    "reasoning_effort":"low","max_tokens":64,"n":2,"stop":["a","b"],"temperature":0.10,"top_p":1e-1,
    "frequency_penalty":-1,"presence_penalty":2,"seed":7,"logprobs":true,"top_logprobs":3,
    "user":"u","metadata":{"k":"v"},"logit_bias":{"1":-100},"service_tier":"flex"})";
  EXPECT_EQ(canonical(request(body)), canonical(body));
}

TEST(ChatCodecTest, ANameOfTheClientsOwnCannotBreakOut) {
  const std::string body = R"({"model":"target-model","messages":[{"role":"user","content":"a"}],
      "x\":1,\"model":"y"})";
  EXPECT_EQ(canonical(request(body)), canonical(body));
}

TEST(ChatCodecTest, AnErrorNamesTheField) {
  const auto error = [](std::string_view messages) {
    return request(std::string(R"({"model":"m","messages":)") + std::string(messages) + "}");
  };
  EXPECT_EQ(error(R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":7}}]}])"),
            "ERROR messages[0].content[0].image_url.url: "
            "messages[0].content[0].image_url.url: must be a string");
  EXPECT_EQ(error(R"([{"role":"user","content":"a"},{"role":"wizard"}])"),
            "ERROR messages[1].role: messages[1].role: must be one of 'system', 'developer', "
            "'user', 'assistant', 'tool', 'function'");
  EXPECT_THAT(error(R"([{"content":"a"}])"), HasSubstr("messages[0].role: is missing"));
  EXPECT_THAT(error(R"([{"role":"tool","content":"a"}])"),
              HasSubstr("messages[0].tool_call_id: is missing"));
  EXPECT_THAT(error(R"([{"role":"user","content":"\ud8"}])"), HasSubstr("broken escape"));
  EXPECT_THAT(error(R"([{"role":"user","content":[{"type":"file","file":{"file_data":""}}]}])"),
              HasSubstr("messages[0].content[0].file: must not be empty"));
  EXPECT_THAT(error(R"([{"role":"user","content":"a","tool_calls":[
                  {"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}])"),
              HasSubstr("messages[0].tool_calls: stands in messages of the role 'assistant' only"));
  EXPECT_THAT(error("7"), HasSubstr("messages: must be an array"));
}

std::string chunk(std::string_view delta, std::string_view finish = "null") {
  return "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,"
         "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":" +
         std::string(delta) + ",\"finish_reason\":" + std::string(finish) + "}]}\n\n";
}

std::string stream(std::string_view bytes) { return test::transcode_stream(kChat, kChat, bytes); }

const std::string kTwoCalls =
    chunk(R"({"role":"assistant","content":""})") + chunk(R"({"content":"Checking."})") +
    chunk(
        R"({"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"weather","arguments":""}}]})") +
    chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]})") +
    chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"\"Oslo\"}"}}]})") +
    chunk(
        R"({"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"time","arguments":""}}]})") +
    chunk(R"({"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]})") +
    chunk("{}", "\"tool_calls\"") + "data: [DONE]\n\n";

TEST(ChatCodecTest, AStreamComesBackAsItWas) { EXPECT_EQ(stream(kTwoCalls), kTwoCalls); }

// Pitfall 15: fragments of two calls that come mixed do not mix.
TEST(ChatCodecTest, MixedToolCallsAreToldOneByOne) {
  const std::string mixed =
      chunk(
          R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}]})") +
      chunk(
          R"({"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\""}}]})") +
      chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]})") +
      chunk(R"({"tool_calls":[{"index":1,"function":{"arguments":":2}"}}]})") +
      chunk("{}", "\"tool_calls\"") + "data: [DONE]\n\n";
  const std::string plain = test::transcode_stream(kChat, kChat, mixed, 0, false);
  EXPECT_THAT(plain, HasSubstr(R"("name":"f","arguments":"{\"x\":1}")"));
  EXPECT_THAT(plain, HasSubstr(R"("name":"g","arguments":"{\"y\":2}")"));
  const std::string out = stream(mixed);
  EXPECT_LT(out.find(":1}"), out.find("\"g\""));
}

// Pitfall 7: deltas without id and index, and a name that comes late.
TEST(ChatCodecTest, AToolCallWithoutIdGetsOne) {
  const std::string out = test::transcode_stream(
      kChat, kChat,
      chunk(R"({"tool_calls":[{"index":-1,"function":{"arguments":"{}"}}]})") +
          chunk(R"({"tool_calls":[{"index":-1,"function":{"name":"f"}}]})") +
          chunk("{}", "\"stop\"") + "data: [DONE]\n\n",
      0, false);
  EXPECT_THAT(out, HasSubstr(R"("tool_calls":[{"id":"call_seed1","type":"function",)"
                             R"("function":{"name":"f","arguments":"{}"}}])"));
  EXPECT_THAT(out, HasSubstr(R"("finish_reason":"tool_calls")")) << "pitfall 5";
}

// Pitfall 26, of Gemini behind its own server of this dialect.
TEST(ChatCodecTest, ASignedCallComesHomeThroughAnotherClient) {
  const std::string answer = R"({"id":"x","choices":[{"index":0,"message":{"role":"assistant",
      "content":null,"tool_calls":[{"id":"a","type":"function","extra_content":{"google":
        {"thought_signature":"U0lHTg=="}},"function":{"name":"f","arguments":"{}"}}]},
      "finish_reason":"tool_calls"}]})";
  const auto claude = test::parse_json(test::transcode_answer(kChat, Dialect::kAnthropic, answer));
  const nlohmann::json request = {
      {"model", "m"},
      {"max_tokens", 9},
      {"messages", {{{"role", "assistant"}, {"content", claude["content"]}}}}};
  EXPECT_THAT(test::transcode_request(Dialect::kAnthropic, kChat, request.dump()),
              HasSubstr(R"("extra_content":{"google":{"thought_signature":"U0lHTg=="}})"));
}

// Pitfall 22: which choice comes first does not matter.
TEST(ChatCodecTest, EachOfSeveralChoicesBeginsWithTheRole) {
  const auto choice = [](int index, std::string_view delta, std::string_view finish) {
    return fmt::format(
        "data: {{\"choices\":[{{\"index\":{},\"delta\":{},\"finish_reason\":{}}}]}}\n\n", index,
        delta, finish);
  };
  const std::string out =
      stream(choice(1, R"({"content":"b"})", "null") + choice(0, R"({"content":"a"})", "null") +
             choice(0, "{}", "\"stop\"") + choice(1, "{}", "\"stop\"") + "data: [DONE]\n\n");
  for (const std::string_view begin :
       {R"("index":0,"delta":{"role":"assistant")", R"("index":1,"delta":{"role":"assistant")"})
    EXPECT_THAT(out, HasSubstr(std::string(begin)));
}

// Pitfall 6: an empty row of calls beside text is nothing.
TEST(ChatCodecTest, AnEmptyRowOfToolCallsIsNothing) {
  const std::string out = stream(chunk(R"({"content":"hi","tool_calls":[]})") +
                                 chunk("{}", "\"stop\"") + "data: [DONE]\n\n");
  EXPECT_THAT(out, testing::Not(HasSubstr("tool_calls")));
  EXPECT_THAT(out, HasSubstr(R"("content":"hi")"));
}

// Pitfall 12.
TEST(ChatCodecTest, DoneInsideContentIsContent) {
  const std::string text = chunk(R"({"content":"data: [DONE]\n\n"})") + chunk("{}", "\"stop\"");
  EXPECT_THAT(stream(text + "data: [DONE]\n\n"), HasSubstr(R"(data: [DONE]\n\n"})"));
}

// Pitfall 14: what comes with or behind the finish reason is not lost.
TEST(ChatCodecTest, ContentBehindTheFinishReasonCounts) {
  const std::string out = stream(
      chunk(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]})") +
      chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"\"a\":1"}}]})",
            "\"tool_calls\"") +
      chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"}"}}]})") + "data: [DONE]\n\n");
  EXPECT_THAT(out, HasSubstr(R"("arguments":"}")"));
}

TEST(ChatCodecTest, APlainAnswerComesBackAndCanBecomeAStream) {
  const std::string body =
      R"({"id":"chatcmpl-1","object":"chat.completion","created":5,"model":"m","choices":[{"index":0,
      "message":{"role":"assistant","content":"4","refusal":null,"reasoning_content":"2+2",
      "tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},
      "logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":18,
      "completion_tokens":3,"total_tokens":21,"prompt_tokens_details":{"cached_tokens":2},
      "completion_tokens_details":{"reasoning_tokens":1}}})";
  EXPECT_EQ(canonical(test::transcode_answer(kChat, kChat, body)), canonical(body));
  const std::string events = test::transcode_answer(kChat, kChat, body, true);
  EXPECT_THAT(events, StartsWith("data: "));
  EXPECT_THAT(events, HasSubstr(R"("reasoning_content":"2+2")"));
  EXPECT_THAT(events, testing::EndsWith("data: [DONE]\n\n"));
}

// Some servers write the content first.
TEST(ChatCodecTest, AThoughtIsToldBeforeItsAnswer) {
  const std::string out = test::transcode_answer(
      kChat, Dialect::kAnthropic, R"({"id":"a","choices":[{"index":0,"message":{"content":"4",
      "tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}],
      "reasoning_content":"2+2"},"finish_reason":"tool_calls"}]})");
  EXPECT_LT(out.find("thinking"), out.find("\"text\""));
  EXPECT_LT(out.find("\"text\""), out.find("tool_use"));
}

TEST(ChatCodecTest, AnErrorInTheMiddleEndsTheStream) {
  const std::string out =
      stream(chunk(R"({"content":"a"})") + "data: {\"error\":{\"message\":\"no\"}}\n\n");
  EXPECT_THAT(out, HasSubstr(R"({"error":{"message":"no")"));
  EXPECT_THAT(out, testing::Not(HasSubstr("[DONE]")));
}

}  // namespace
}  // namespace omni::llm
