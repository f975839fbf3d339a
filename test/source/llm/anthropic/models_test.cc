#include "source/llm/anthropic/models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/support/transcode.h"

namespace omni::llm::anthropic {
namespace {

using test::transcode_request;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

TEST(AnthropicModelsTest, TheNewerOnesTakeAnEffort) {
  for (const std::string_view model :
       {"claude-opus-4-7", "claude-opus-4-8-20260601", "claude-opus-4.7", "claude-opus-5",
        "claude-sonnet-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5",
        "claude-mythos-5-1", "anthropic.claude-opus-4-7-v1:0", "claude-sonnet-10"})
    EXPECT_TRUE(takes_effort_only(model)) << model;
  for (const std::string_view model :
       {"claude-opus-4-6", "claude-opus-4-20250514", "claude-opus-4-1", "claude-sonnet-4-6",
        "claude-haiku-4-5-20251001", "claude-3-5-sonnet-20241022", "claude-3-opus-latest",
        "claude-mythos-preview", "claude-instant", "claude-", "claude-opus-", "claude-opus-4",
        "claude-opus-4-", "opus-5", "gpt-5", ""})
    EXPECT_FALSE(takes_effort_only(model)) << model;
}

TEST(AnthropicModelsTest, FromSomeVersionsOnTemperatureAndTopPExcludeEachOther) {
  for (const std::string_view model :
       {"claude-opus-4-1-20250805", "claude-opus-4-1", "claude-opus-4-5", "claude-sonnet-4-5",
        "claude-haiku-4-5-20251001", "anthropic.claude-sonnet-4-6-v1:0", "claude-sonnet-4.5"})
    EXPECT_TRUE(takes_one_sampling(model)) << model;
  for (const std::string_view model : {"claude-opus-4-20250514", "claude-sonnet-4-20250514",
                                       "claude-sonnet-4-0", "claude-3-7-sonnet-latest", "gpt-5"})
    EXPECT_FALSE(takes_one_sampling(model)) << model;
}

std::string ask(std::string_view model, std::string_view more) {
  const std::string body =
      R"({"model":"m","messages":[{"role":"user","content":"a"}],)" + std::string(more) + "}";
  return transcode_request(Dialect::kOpenai, Dialect::kAnthropic, body, {.model = model});
}

TEST(AnthropicModelsTest, WhatTheNewerOnesRefuseIsLeftOut) {
  const std::string out = ask("claude-opus-4-7", R"("temperature":0.2,"top_p":0.9,"top_k":4)");
  EXPECT_THAT(out, Not(HasSubstr("temperature\":")));
  EXPECT_THAT(out, EndsWith("\nDROPPED temperature, top_p, top_k"));
  EXPECT_THAT(ask("claude-opus-4-6", R"("temperature":0.2)"), HasSubstr(R"("temperature":0.2)"));
}

TEST(AnthropicModelsTest, OfTemperatureAndTopPTheFormerStays) {
  const std::string_view both = R"("temperature":0.2,"top_p":0.9)";
  const std::string out = ask("claude-sonnet-4-5", both);
  EXPECT_THAT(out, HasSubstr(R"("temperature":0.2)"));
  EXPECT_THAT(out, Not(HasSubstr(R"("top_p":)")));
  EXPECT_THAT(out, EndsWith("\nDROPPED top_p"));
  EXPECT_THAT(ask("claude-sonnet-4-5", R"("top_p":0.9)"), HasSubstr(R"("top_p":0.9)"));
  EXPECT_THAT(ask("claude-sonnet-4-0", both), HasSubstr(R"("temperature":0.2,"top_p":0.9)"));
}

TEST(AnthropicModelsTest, AnEffortIsToldAsTheModelTakesIt) {
  const auto thinking = [](std::string_view effort) {
    return ask("claude-opus-4-7", "\"reasoning_effort\":\"" + std::string(effort) + "\"");
  };
  const std::string adaptive = R"("thinking":{"type":"adaptive","display":"summarized"},)";
  EXPECT_THAT(thinking("medium"), HasSubstr(adaptive + R"("output_config":{"effort":"medium"})"));
  EXPECT_THAT(thinking("minimal"), HasSubstr(adaptive + R"("output_config":{"effort":"low"})"));
  EXPECT_THAT(thinking("xhigh"), HasSubstr(adaptive + R"("output_config":{"effort":"xhigh"})"));
  EXPECT_THAT(thinking("none"), Not(HasSubstr("thinking")));
  EXPECT_THAT(
      ask("claude-sonnet-5", R"("reasoning":{"max_tokens":2000,"exclude":true})"),
      HasSubstr(R"({"type":"adaptive","display":"omitted"},"output_config":{"effort":"medium"})"));
}

// A tool that must be called keeps the model from thinking, not from trying hard.
TEST(AnthropicModelsTest, AnEffortStaysWhereThinkingIsNotPossible) {
  const std::string out = ask("claude-opus-4-7", R"("reasoning_effort":"high",
      "tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required")");
  EXPECT_THAT(out, Not(HasSubstr("thinking")));
  EXPECT_THAT(out, HasSubstr(R"("output_config":{"effort":"high"})"));
}

TEST(AnthropicModelsTest, ThinkingOfTheNewestFormIsRead) {
  const auto ask_as = [](std::string_view thinking, Dialect to) {
    return transcode_request(
        Dialect::kAnthropic, to,
        R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"a"}],)"
        R"("output_config":{"effort":"high"},"thinking":)" +
            std::string(thinking) + "}",
        {.model = "gemini-2.5-flash"});
  };
  const std::string_view shown = R"({"type":"adaptive","display":"summarized"})";
  const std::string_view hidden = R"({"type":"adaptive","display":"omitted"})";
  EXPECT_THAT(ask_as(shown, Dialect::kOpenaiResponses),
              HasSubstr(R"("reasoning":{"effort":"high","summary":"auto"})"));
  EXPECT_THAT(ask_as(hidden, Dialect::kOpenaiResponses),
              HasSubstr(R"("reasoning":{"effort":"high"})"));
  EXPECT_THAT(ask_as(hidden, Dialect::kGemini), HasSubstr(R"("includeThoughts":false)"));
  EXPECT_THAT(ask_as(R"({"type":"between_tools","display":null})", Dialect::kOpenai),
              HasSubstr(R"("reasoning_effort":"high")"));
  EXPECT_THAT(ask_as(R"({"type":"adaptive","display":"loud"})", Dialect::kOpenai),
              HasSubstr("ERROR thinking.display"));
}

// A client finds its own words among those that were left out.
TEST(AnthropicModelsTest, WhatIsLeftOutHasTheNameOfTheClientsDialect) {
  const std::string body = R"({"contents":[{"parts":[{"text":"a"}]}],
      "generationConfig":{"topK":4,"topP":0.5,"frequencyPenalty":0.1,"seed":3}})";
  EXPECT_THAT(
      transcode_request(Dialect::kGemini, Dialect::kAnthropic, body, {.model = "claude-opus-4-7"}),
      EndsWith("\nDROPPED topP, topK, frequencyPenalty, seed"));
  EXPECT_THAT(transcode_request(Dialect::kGemini, Dialect::kOpenai, body,
                                {.model = "m", .is_strict = true}),
              EndsWith("\nDROPPED topK"));
}

}  // namespace
}  // namespace omni::llm::anthropic
