#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/support/json.h"
#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using test::canonical;
using test::transcode_answer;
using test::transcode_request;
using test::transcode_stream;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr Dialect kChat = Dialect::kOpenai, kMessages = Dialect::kAnthropic;

TEST(MessagesCodecTest, EveryFieldOfARequestComesBack) {
  const std::string body = R"({"model":"target-model","max_tokens":3000,
    "system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral","ttl":"1h"}}],
    "messages":[
      {"role":"user","content":[{"type":"text","text":"What is this?"},
        {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},
        {"type":"image","source":{"type":"url","url":"https://example.com/a.png"}},
        {"type":"document","title":"a.pdf",
         "source":{"type":"base64","media_type":"application/pdf","data":"BBBB"}},
        {"type":"document","source":{"type":"file","file_id":"file_1"}}]},
      {"role":"assistant","content":[
        {"type":"thinking","thinking":"hm","signature":"sig"},
        {"type":"redacted_thinking","data":"secret"},
        {"type":"text","text":"Let me see."},
        {"type":"tool_use","id":"toolu_1","name":"weather","input":{"city":"Oslo"},
         "cache_control":{"type":"ephemeral"}}]},
      {"role":"user","content":[
        {"type":"tool_result","tool_use_id":"toolu_1","is_error":true,
         "content":[{"type":"text","text":"4 C"},
                    {"type":"image","source":{"type":"base64","media_type":"image/png","data":"CC"}}],
         "cache_control":{"type":"ephemeral"}},
        {"type":"text","text":"And tomorrow?"}]}],
    "tools":[{"name":"weather","description":"d","cache_control":{"type":"ephemeral"},
              "input_schema":{"type":"object","properties":{"city":{"type":"string"}}}},
             {"type":"web_search_20250305","name":"web_search"}],
    "tool_choice":{"type":"auto","disable_parallel_tool_use":true},
    "thinking":{"type":"enabled","budget_tokens":1024},"stop_sequences":["END"],
    "metadata":{"user_id":"u"},"service_tier":"auto"})";
  EXPECT_EQ(canonical(transcode_request(kMessages, kMessages, body)), canonical(body));
}

// The example of the compatibility reference, 12.2, without its sanitising.
TEST(MessagesCodecTest, ARequestForAnOpenaiUpstream) {
  const std::string out = transcode_request(kMessages, kChat, R"({"model":"openai/gpt-4o",
    "max_tokens":300,"system":[{"type":"text","text":"Be brief."}],
    "messages":[{"role":"user","content":"Weather in Oslo?"},
      {"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"weather",
                                      "input":{"city":"Oslo"}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1",
                                 "content":[{"type":"text","text":"4 C"}]},
                                {"type":"text","text":"And tomorrow?"}]}],
    "tools":[{"name":"weather","description":"d","input_schema":{"type":"object",
              "properties":{"city":{"type":"string"}}}}],
    "tool_choice":{"type":"any"},"stop_sequences":["END"]})");
  EXPECT_EQ(canonical(out), canonical(R"({"model":"target-model","max_tokens":300,"stop":["END"],
    "tool_choice":"required","messages":[{"role":"system","content":"Be brief."},
      {"role":"user","content":"Weather in Oslo?"},
      {"role":"assistant","content":null,"tool_calls":[{"id":"toolu_1","type":"function",
        "function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}]},
      {"role":"tool","tool_call_id":"toolu_1","content":"4 C"},
      {"role":"user","content":"And tomorrow?"}],
    "tools":[{"type":"function","function":{"name":"weather","description":"d",
      "parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}]})"));
}

TEST(MessagesCodecTest, ARequestOfAnOpenaiClient) {
  const std::string out = transcode_request(kChat, kMessages, R"({"model":"m","max_tokens":100,
    "messages":[{"role":"system","content":"S"},{"role":"developer","content":"D"},
      {"role":"user","content":[{"type":"text","text":"What is this?"},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}]},
      {"role":"assistant","content":"","tool_calls":[
        {"id":"call.1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
        {"id":"call.2","type":"function","function":{"name":"g","arguments":""}}]},
      {"role":"tool","tool_call_id":"call.1","content":"one"},
      {"role":"tool","tool_call_id":"call.2","content":"two"},
      {"role":"user","content":"go on"}],
    "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],
    "tool_choice":"none","parallel_tool_calls":false,"temperature":1.5,"seed":1,"user":"u",
    "logit_bias":{"1":1},"stop":"END"})");
  EXPECT_EQ(canonical(out.substr(0, out.find("\nDROPPED"))),
            canonical(R"({"model":"target-model","max_tokens":100,
    "system":[{"type":"text","text":"S"},
              {"type":"text","text":"D","cache_control":{"type":"ephemeral"}}],
    "messages":[
      {"role":"user","content":[{"type":"text","text":"What is this?"},
        {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]},
      {"role":"assistant","content":[
        {"type":"tool_use","id":"call_1","name":"f","input":{"a":1}},
        {"type":"tool_use","id":"call_2","name":"g","input":{}}]},
      {"role":"user","content":[
        {"type":"tool_result","tool_use_id":"call_1","content":"one"},
        {"type":"tool_result","tool_use_id":"call_2","content":"two"},
        {"type":"text","text":"go on","cache_control":{"type":"ephemeral"}}]}],
    "tools":[{"name":"f","input_schema":{"type":"object"}}],
    "tool_choice":{"type":"none"},"temperature":1,"stop_sequences":["END"],
    "metadata":{"user_id":"u"}})"));
  EXPECT_THAT(out, EndsWith("\nDROPPED detail, temperature, seed, logit_bias"));
}

TEST(MessagesCodecTest, AnErrorNamesTheField) {
  const auto error = [](std::string_view content) {
    return transcode_request(
        kMessages, kChat,
        fmt::format(R"({{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":{}}}]}})",
                    content));
  };
  EXPECT_THAT(error(R"([{"type":"image","source":{"type":"base64","data":"A"}}])"),
              HasSubstr("messages[0].content[0].source.media_type: is missing"));
  EXPECT_THAT(error(R"([{"type":"tool_result","content":"x"}])"),
              HasSubstr("messages[0].content[0].tool_use_id: is missing"));
  EXPECT_THAT(error(R"([{"type":"tool_use","id":"a","name":"f","input":{}}])"),
              HasSubstr("messages[0].content: a tool_use stands in the assistant's messages only"));
  EXPECT_THAT(error("7"), HasSubstr("messages[0].content: must be a string or an array"));
}

TEST(MessagesCodecTest, WhatOneChoiceCannotSayIsRefused) {
  EXPECT_THAT(
      transcode_request(kChat, kMessages,
                        R"({"model":"m","n":2,"messages":[{"role":"user","content":"a"}]})"),
      HasSubstr("ERROR n: n:"));
  EXPECT_THAT(transcode_request(kMessages, kChat,
                                R"({"model":"m","max_tokens":9,"messages":[],
          "tools":[{"type":"web_search_20250305","name":"web_search"}]})"),
              HasSubstr("ERROR tools: tools: 'web_search_20250305'"));
}

TEST(MessagesCodecTest, ABlockThatOnlyTheVendorKnowsIsLeftOutAndNamed) {
  const std::string out = transcode_request(
      kMessages, kChat, R"({"model":"m","max_tokens":9,"system":[{"type":"new_block"},
          {"type":"text","text":"S","cache_control":{"type":"ephemeral"}}],
          "messages":[{"role":"user","content":[{"type":"text","text":"q"},{"type":"new_block"}]}]})",
      {.model = "m", .takes_cache_control = true});
  EXPECT_EQ(canonical(out.substr(0, out.find("\nDROPPED"))),
            canonical(R"({"model":"m","max_tokens":9,"messages":[{"role":"system","content":[
                {"type":"text","text":"S","cache_control":{"type":"ephemeral"}}]},
                {"role":"user","content":[{"type":"text","text":"q"}]}]})"));
  EXPECT_THAT(out, EndsWith("\nDROPPED content"));
}

TEST(MessagesCodecTest, WhereOnlyTheSystemSpeaksTheUserDoes) {
  EXPECT_EQ(
      canonical(transcode_request(
          kChat, kMessages,
          R"({"model":"m","max_tokens":9,"messages":[{"role":"system","content":"Say hi."},
                    {"role":"user","content":""}]})")),
      canonical(R"({"model":"target-model","max_tokens":9,"messages":[{"role":"user","content":[
                {"type":"text","text":"Say hi.","cache_control":{"type":"ephemeral"}}]}]})"));
}

std::string event(std::string_view type, std::string_view rest) {
  return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\"{1}{2}}}\n\n", type,
                     rest.empty() ? "" : ",", rest);
}

// As the vendor's documentation shows a stream with thinking and a tool.
const std::string kStream =
    event(
        "message_start",
        R"("message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],)"
        R"("stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,)"
        R"("cache_creation_input_tokens":5,"cache_read_input_tokens":10,"output_tokens":1}})") +
    event("content_block_start",
          R"("index":0,"content_block":{"type":"thinking","thinking":"","signature":""})") +
    event("content_block_delta",
          R"("index":0,"delta":{"type":"thinking_delta","thinking":"Let me"})") +
    event("content_block_delta",
          R"("index":0,"delta":{"type":"signature_delta","signature":"Eq=="})") +
    event("content_block_stop", R"("index":0)") +
    event("content_block_start", R"("index":1,"content_block":{"type":"text","text":""})") +
    event("content_block_delta", R"("index":1,"delta":{"type":"text_delta","text":"Okay"})") +
    event("content_block_stop", R"("index":1)") +
    event("content_block_start",
          R"("index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}})") +
    event("content_block_delta",
          R"("index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"})") +
    event("content_block_delta",
          R"("index":2,"delta":{"type":"input_json_delta","partial_json":" 1}"})") +
    event("content_block_stop", R"("index":2)") +
    event("message_delta",
          R"("delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":25,)"
          R"("cache_creation_input_tokens":5,"cache_read_input_tokens":10,"output_tokens":89})") +
    event("message_stop", "");

TEST(MessagesCodecTest, AStreamComesBackAsItWas) {
  EXPECT_EQ(transcode_stream(kMessages, kMessages, kStream), kStream);
}

TEST(MessagesCodecTest, AStreamForAnOpenaiClient) {
  const std::string out = transcode_stream(kMessages, kChat, kStream);
  EXPECT_THAT(out, StartsWith(R"(data: {"id":"chatcmpl-msg_1","object":"chat.completion.chunk",)"));
  EXPECT_THAT(out, HasSubstr(R"("reasoning_content":"Let me")"));
  EXPECT_THAT(out, HasSubstr(R"("reasoning_details":[{"type":"reasoning.text","text":"Let me",)"
                             R"("signature":"Eq==","index":0}])"));
  // Pitfall 13: calls are numbered from 0, whatever their block was.
  EXPECT_THAT(out, HasSubstr(R"("tool_calls":[{"index":0,"id":"toolu_1","type":"function",)"
                             R"("function":{"name":"f","arguments":""}}])"));
  EXPECT_THAT(out, HasSubstr(R"("finish_reason":"tool_calls")"));
  // Pitfalls 17, 34: all of the prompt, once.
  EXPECT_THAT(out, HasSubstr(R"("usage":{"prompt_tokens":40,"completion_tokens":89,)"
                             R"("total_tokens":129,"prompt_tokens_details":{"cached_tokens":10,)"));
  EXPECT_THAT(out, EndsWith("data: [DONE]\n\n"));
}

std::string chunk(std::string_view delta, std::string_view finish = "null") {
  return fmt::format(
      R"(data: {{"id":"chatcmpl-1","model":"m","choices":[{{"index":0,"delta":{},"finish_reason":{}}}]}})"
      "\n\n",
      delta, finish);
}

// The example of the compatibility reference, 12.1, in the vendor's own order of blocks; pitfalls
// 1, 2, 3, 16.
TEST(MessagesCodecTest, AStreamOfAnOpenaiUpstream) {
  const std::string out = transcode_stream(
      kChat, kMessages,
      chunk(R"({"role":"assistant","content":"Checking."})") +
          chunk(
              R"({"tool_calls":[{"index":0,"id":"call_a","function":{"name":"weather","arguments":""}}]})") +
          chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]})") +
          chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"\"Oslo\"}"}}]})") +
          chunk(
              R"({"tool_calls":[{"index":1,"id":"call_b","function":{"name":"time","arguments":"{}"}}]})") +
          chunk("{}", "\"tool_calls\"") +
          "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":40,\"completion_tokens\":18,"
          "\"prompt_tokens_details\":{\"cached_tokens\":30}}}\n\ndata: [DONE]\n\n");
  EXPECT_EQ(
      out,
      event(
          "message_start",
          R"("message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],)"
          R"("stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,)"
          R"("cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}})") +
          event("content_block_start", R"("index":0,"content_block":{"type":"text","text":""})") +
          event("content_block_delta",
                R"("index":0,"delta":{"type":"text_delta","text":"Checking."})") +
          event("content_block_stop", R"("index":0)") +
          event(
              "content_block_start",
              R"("index":1,"content_block":{"type":"tool_use","id":"call_a","name":"weather","input":{}})") +
          event("content_block_delta",
                R"("index":1,"delta":{"type":"input_json_delta","partial_json":"{\"city\":"})") +
          event("content_block_delta",
                R"("index":1,"delta":{"type":"input_json_delta","partial_json":"\"Oslo\"}"})") +
          event("content_block_stop", R"("index":1)") +
          event(
              "content_block_start",
              R"("index":2,"content_block":{"type":"tool_use","id":"call_b","name":"time","input":{}})") +
          event("content_block_delta",
                R"("index":2,"delta":{"type":"input_json_delta","partial_json":"{}"})") +
          event("content_block_stop", R"("index":2)") +
          event(
              "message_delta",
              R"("delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":10,)"
              R"("cache_creation_input_tokens":0,"cache_read_input_tokens":30,"output_tokens":18})") +
          event("message_stop", ""));
}

TEST(MessagesCodecTest, APlainAnswerComesBack) {
  const std::string body = R"({"id":"msg_1","type":"message","role":"assistant","model":"claude",
    "content":[{"type":"thinking","thinking":"hm","signature":"s"},
      {"type":"redacted_thinking","data":"d"},{"type":"text","text":"4"},
      {"type":"tool_use","id":"toolu_1","name":"f","input":{"a":[1,{"b":"\""}]}}],
    "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":9,
    "cache_creation_input_tokens":0,"cache_read_input_tokens":3,"output_tokens":4}})";
  EXPECT_EQ(canonical(transcode_answer(kMessages, kMessages, body)), canonical(body));
  const std::string chat = transcode_answer(kMessages, kChat, body);
  EXPECT_THAT(chat, HasSubstr(R"("arguments":"{\"a\":[1,{\"b\":\"\\\"\"}]}")"));
  EXPECT_THAT(chat, HasSubstr(R"("prompt_tokens":12)"));
}

TEST(MessagesCodecTest, TokensThatWereThoughtAreCounted) {
  const std::string body = R"({"id":"msg_1","type":"message","role":"assistant","model":"claude",
    "content":[{"type":"text","text":"4"}],"stop_reason":"end_turn","stop_sequence":null,
    "usage":{"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":3,
    "output_tokens":40,"output_tokens_details":{"thinking_tokens":32}}})";
  EXPECT_EQ(canonical(transcode_answer(kMessages, kMessages, body)), canonical(body));
  const std::string chat = transcode_answer(kMessages, kChat, body);
  EXPECT_THAT(chat, HasSubstr(R"("completion_tokens_details":{"reasoning_tokens":32})"));
}

// Pitfalls 25, 28: what a client of another dialect was told of a thought comes home whole.
TEST(MessagesCodecTest, ASignatureSurvivesAnOpenaiClient) {
  const std::string chat = transcode_answer(
      kMessages, kChat,
      R"({"id":"msg_1","content":[{"type":"thinking","thinking":"","signature":"s="},
        {"type":"text","text":"4"}],"stop_reason":"end_turn","usage":{}})");
  const size_t at = chat.find(R"("message":)") + 10;
  const std::string message = chat.substr(at, chat.find(R"(,"logprobs")") - at);
  const std::string back = transcode_request(
      kChat, kMessages, fmt::format(R"({{"model":"m","messages":[{}]}})", message));
  EXPECT_THAT(back, HasSubstr(R"([{"type":"thinking","thinking":"","signature":"s="},)"));
}

// Encrypted reasoning without a summary, in front of a call: it is no proof of that call.
TEST(MessagesCodecTest, AThoughtThatWasNotShownGoesHomeInFrontOfACall) {
  const std::string back = transcode_request(kMessages, Dialect::kOpenaiResponses,
                                             R"({"model":"m","max_tokens":9,"messages":[
    {"role":"user","content":"a"},{"role":"assistant","content":[
      {"type":"thinking","thinking":"","signature":"omniroute.openai-responses.seal"},
      {"type":"tool_use","id":"c","name":"f","input":{}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"r"}]}]})");
  EXPECT_THAT(back, HasSubstr(R"({"type":"reasoning","summary":[],"encrypted_content":"seal"},)"
                              R"({"type":"function_call","call_id":"c")"));
}

TEST(MessagesCodecTest, ACallsProofIsStreamedAsADelta) {
  const std::string out = transcode_stream(
      Dialect::kGemini, kMessages,
      R"(data: {"candidates":[{"content":{"parts":[{"functionCall":{"id":"c","name":"f","args":{}},)"
      R"("thoughtSignature":"AAAE"}],"role":"model"},"finishReason":"STOP","index":0}]})"
      "\n\n");
  EXPECT_THAT(out,
              HasSubstr(R"("content_block":{"type":"thinking","thinking":"","signature":""})"));
  EXPECT_THAT(out, HasSubstr(R"({"type":"signature_delta","signature":"omniroute.gemini.AAAE"})"));
}

TEST(MessagesCodecTest, AThoughtThatIsPartlyEncryptedKeepsBothProofs) {
  const std::string answer = R"({"id":"msg_1","content":[
      {"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"enc"},
      {"type":"text","text":"4"}],"stop_reason":"end_turn","usage":{}})";
  const auto gemini = test::parse_json(transcode_answer(kMessages, Dialect::kGemini, answer));
  const nlohmann::json request = {{"contents", {gemini["candidates"][0]["content"]}}};
  EXPECT_THAT(transcode_request(Dialect::kGemini, kMessages, request.dump()),
              HasSubstr(R"([{"type":"thinking","thinking":"hm","signature":"sig"},)"
                        R"({"type":"redacted_thinking","data":"enc"},{"type":"text")"));
}

// Pitfall 27: without its thought a turn that calls tools cannot be thought about.
TEST(MessagesCodecTest, ThinkingStaysOffWhereTheTurnsThoughtIsLost) {
  const std::string out = transcode_request(kChat, kMessages, R"({"model":"m","max_tokens":9000,
    "reasoning_effort":"low","messages":[{"role":"user","content":"a"},
    {"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f"}}]},
    {"role":"tool","tool_call_id":"c","content":"r"}]})");
  EXPECT_THAT(out, Not(HasSubstr("thinking")));
  EXPECT_THAT(out, EndsWith("DROPPED reasoning_effort"));
}

TEST(MessagesCodecTest, WhatIsSaidBehindResultsDoesNotTurnThinkingOnAgain) {
  const auto asked = [](std::string_view more) {
    return transcode_request(
        kChat, kMessages,
        fmt::format(R"({{"model":"m","max_tokens":9000,"reasoning_effort":"low","messages":[
          {{"role":"user","content":"a"}},
          {{"role":"assistant","tool_calls":[{{"id":"c","type":"function","function":{{"name":"f"}}}}]}},
          {{"role":"tool","tool_call_id":"c","content":"r"}}{}]}})",
                    more));
  };
  EXPECT_THAT(asked(R"(,{"role":"user","content":"b"})"), Not(HasSubstr("thinking")));
  EXPECT_THAT(asked(R"(,{"role":"assistant","content":"d"},{"role":"user","content":"b"})"),
              HasSubstr(R"("thinking":{"type":"enabled")"));
}

TEST(MessagesCodecTest, AnErrorInTheMiddleEndsTheStream) {
  const std::string out = transcode_stream(
      kMessages, kMessages,
      kStream.substr(0, kStream.find("event: content_block_stop")) +
          event("error", R"("error":{"type":"overloaded_error","message":"Overloaded"})"));
  EXPECT_THAT(out, EndsWith("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"
                            "\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n"));
}

}  // namespace
}  // namespace omni::llm
