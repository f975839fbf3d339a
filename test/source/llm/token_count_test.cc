#include "source/llm/token_count.h"

#include <gtest/gtest.h>

#include <string>

#include "source/llm/codec.h"
#include "test/support/json.h"

namespace omni::llm {
namespace {

using nlohmann::json;

std::string count_body(Dialect provider, std::string_view chat) {
  Request request;
  EXPECT_FALSE(decode_request(Dialect::kOpenai, chat, request));
  auto made = encode_request(provider, request, {.model = "real"});
  std::string body = std::get<EncodedRequest>(made).body;
  make_count_request(provider, "real", body);
  return body;
}

constexpr std::string_view kChat =
    R"({"model":"m","temperature":0,"stop":["x"],"max_tokens":9,"user":"u",
        "messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}],
        "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]})";

TEST(TokenCountTest, AskersOfAnthropicLeaveOutWhatOnlyGenerationNeeds) {
  const json body = test::parse_json(count_body(Dialect::kAnthropic, kChat));
  EXPECT_EQ(body["model"], "real");
  EXPECT_EQ(body["messages"].size(), 1U);
  EXPECT_TRUE(body.contains("system"));
  EXPECT_EQ(body["tools"].size(), 1U);
  for (const char* key : {"max_tokens", "temperature", "stop_sequences", "metadata", "stream"})
    EXPECT_FALSE(body.contains(key)) << key;
}

TEST(TokenCountTest, AskersOfOpenaiLeaveOutWhatItsEndpointDoesNotTake) {
  const json body = test::parse_json(count_body(Dialect::kOpenaiResponses, kChat));
  EXPECT_EQ(body["model"], "real");
  EXPECT_TRUE(body.contains("input"));
  EXPECT_EQ(body["tools"].size(), 1U);
  for (const char* key : {"max_output_tokens", "temperature", "store", "stream", "user"})
    EXPECT_FALSE(body.contains(key)) << key;
}

TEST(TokenCountTest, AskersOfGeminiWrapTheWholeRequest) {
  const json body = test::parse_json(count_body(Dialect::kGemini, kChat));
  ASSERT_EQ(body.size(), 1U);
  const json& inner = body["generateContentRequest"];
  EXPECT_EQ(inner["model"], "models/real");
  EXPECT_EQ(inner["contents"].size(), 1U);
  EXPECT_TRUE(inner.contains("systemInstruction"));
}

TEST(TokenCountTest, ACountIsReadAndSaidInEachVendorsWords) {
  EXPECT_EQ(read_count(Dialect::kAnthropic, R"({"input_tokens":12})"), 12);
  EXPECT_EQ(read_count(Dialect::kGemini, R"({"totalTokens":7,"x":1})"), 7);
  for (const std::string_view bad :
       {R"({"input_tokens":"1"})", R"({})", "x", R"({"input_tokens":-1})"})
    EXPECT_EQ(read_count(Dialect::kAnthropic, bad), std::nullopt) << bad;
  EXPECT_EQ(render_count(Dialect::kAnthropic, 5, false), R"({"input_tokens":5})");
  EXPECT_EQ(render_count(Dialect::kGemini, 5, true), R"({"totalTokens":5,"estimated":true})");
  EXPECT_EQ(render_count(Dialect::kOpenaiResponses, 5, false),
            R"({"object":"response.input_tokens","input_tokens":5})");
}

TEST(TokenCountTest, AnEstimateGrowsWithTextToolsAndImages) {
  const auto estimate = [](std::string_view chat) {
    Request request;
    EXPECT_FALSE(decode_request(Dialect::kOpenai, chat, request));
    return estimate_tokens(request);
  };
  const int64_t small = estimate(R"({"messages":[{"role":"user","content":"12345678"}]})");
  EXPECT_EQ(small, 2 + 4);
  EXPECT_GT(estimate(kChat), small);
  EXPECT_GE(estimate(R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":
                         {"url":"https://x/y.png"}}]}]})"),
            1000);
}

}  // namespace
}  // namespace omni::llm
