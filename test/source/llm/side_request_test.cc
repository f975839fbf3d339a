#include "source/llm/side_request.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "source/llm/call.h"
#include "source/llm/codec.h"
#include "source/llm/decoded.h"
#include "source/llm/transcript.h"
#include "test/support/json.h"

namespace omni::llm {
namespace {

using nlohmann::json;

const std::string kAsked = R"({"model":"m","stream":true,"max_tokens":50,"temperature":0.10,
  "response_format":{"type":"json_object"},"service_tier":"flex","n":2,
  "tools":[{"type":"function","function":{"name":"look","parameters":{"type":"object"}}}],
  "messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Wo \u00fc \"x\"?"},
    {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",
      "function":{"name":"look","arguments":"{\"at\":1}"}}]},
    {"role":"tool","tool_call_id":"c1","content":"a door"}]})";

Call read(const std::string& body) {
  Call call;
  EXPECT_FALSE(call.read(Buffer(body), ""));
  return call;
}

json encoded(Dialect dialect, const Request& request) {
  const EncodeResult result = encode_request(dialect, request, {.model = "m"});
  const auto* made = std::get_if<EncodedRequest>(&result);
  return made != nullptr ? test::parse_json(made->body) : json();
}

TEST(SideRequestTest, TakesTheConversationAndCallsNoTools) {
  Call call = read(kAsked);
  Request request;
  take_conversation(call.decoded().request, request);
  add_system_text(request, escaped("Say \"no\"."));
  add_user_text(request, escaped("And\nnow?"));
  const json body = encoded(Dialect::kOpenai, request);
  EXPECT_EQ(body["tool_choice"], "none");
  EXPECT_EQ(body["tools"].size(), 1u);
  EXPECT_EQ(body["max_tokens"], 50);
  EXPECT_FALSE(body.contains("response_format"));
  EXPECT_FALSE(body.contains("service_tier"));
  EXPECT_FALSE(body.contains("n"));
  ASSERT_EQ(body["messages"].size(), 6u);
  EXPECT_EQ(body["messages"][1]["content"], "Say \"no\".");
  EXPECT_EQ(body["messages"][2]["content"], "Wo \u00fc \"x\"?");
  EXPECT_EQ(body["messages"][5]["role"], "user");
  EXPECT_EQ(body["messages"][5]["content"], "And\nnow?");
  const json claude = encoded(Dialect::kAnthropic, request);
  EXPECT_EQ(claude["tool_choice"]["type"], "none");
  EXPECT_EQ(claude["messages"].back()["role"], "user");
}

TEST(SideRequestTest, ACallMayBeEditedAndStillKnowsWhatWasAsked) {
  Call call = read(kAsked);
  EXPECT_FALSE(call.is_edited());
  EXPECT_EQ(&call.asked(), &call.decoded());
  add_user_text(call.edit(), "more");
  EXPECT_TRUE(call.is_edited());
  EXPECT_EQ(call.decoded_request()->messages.size(), 4u);
  const json body = encoded(Dialect::kOpenai, call.asked().request);
  EXPECT_EQ(body["messages"].size(), 5u);
  for (const char* kept : {"response_format", "service_tier", "n", "tools", "temperature"})
    EXPECT_TRUE(body.contains(kept)) << kept;
  EXPECT_FALSE(body.contains("tool_choice"));
  add_user_text(call.edit(), "and more");
  EXPECT_EQ(call.asked().request.messages.size(), 6u);
}

// Whatever a request may say is said by its copy, in every dialect.
TEST(SideRequestTest, ACopySaysAllOfIt) {
  const std::string body =
      R"({"model":"m","messages":[{"role":"user","content":"x"}],"top_p":0.5,"seed":3,
      "frequency_penalty":0.1,"presence_penalty":0.2,"stop":["a"],"logprobs":true,"top_logprobs":2,
      "user":"u","metadata":{"a":"b"},"parallel_tool_calls":false,"reasoning_effort":"low",
      "tool_choice":"required","tools":[{"type":"function","function":{"name":"f"}}],
      "verbosity":"low"})";
  Call call = read(body);
  for (const Dialect dialect : {Dialect::kOpenai, Dialect::kOpenaiResponses, Dialect::kAnthropic,
                                Dialect::kGemini, Dialect::kOllama}) {
    Request copy;
    copy_request(call.decoded().request, copy);
    EXPECT_EQ(encoded(dialect, copy), encoded(dialect, call.decoded().request));
  }
}

TEST(SideRequestTest, ACallThatWasNotReadIsWhatIsMadeOfIt) {
  Call call;
  call.set_dialect(Dialect::kAnthropic);
  add_user_text(call.edit(), "hi");
  EXPECT_TRUE(call.is_edited());
  EXPECT_EQ(call.body(), "");
  EXPECT_EQ(call.asked().request.messages.size(), 1u);
  EXPECT_FALSE(call.asked().error);
}

TEST(SideRequestTest, WhatCannotBeReadIsToldOfTheEditedToo) {
  Call call = read(R"({"model":"m","messages":[{"role":"user","content":7}]})");
  call.edit();
  EXPECT_TRUE(call.asked().error);
}

TEST(TranscriptTest, SaysWhoSaidWhat) {
  Call call = read(kAsked);
  EXPECT_EQ(write_transcript(call.decoded().request, {}),
            "user: Wo \u00fc \"x\"?\n\n"
            "assistant: [calls look with {\"at\":1}]\n\n"
            "tool: [the tool returns: a door\n]\n");
}

TEST(TranscriptTest, LongOnesKeepTheirEndAndTheBeginningOfEachMessage) {
  std::string messages;
  for (int i = 0; i < 50; ++i)
    messages += (i > 0 ? "," : "") + std::string(R"({"role":"user","content":")") +
                std::to_string(i) + "\u00fc\u00fc\u00fc\"}";
  Call call = read(R"({"model":"m","messages":[)" + messages + "]}");
  const Request& request = call.decoded().request;
  const std::string text = write_transcript(request, {.messages = 2, .message_bytes = 5});
  EXPECT_EQ(text, "user: 48\u00fc [...]\n\nuser: 49\u00fc [...]\n");
  EXPECT_LT(write_transcript(request, {.whole_bytes = 40}).size(), 80u);
}

}  // namespace
}  // namespace omni::llm
