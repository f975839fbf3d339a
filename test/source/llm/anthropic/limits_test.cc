// What a Messages request is limited by: budgets, stop sequences, one answer at a time.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/support/json.h"
#include "test/support/transcode.h"

namespace omni::llm::anthropic {
namespace {

using nlohmann::json;
using test::parse_json;
using test::transcode_request;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

std::string ask(std::string_view more,
                const RequestOptions& options = {.model = "claude-sonnet-4-5"}) {
  return transcode_request(
      Dialect::kOpenai, Dialect::kAnthropic,
      fmt::format(R"({{"messages":[{{"role":"user","content":"a"}}],{}}})", more), options);
}

TEST(AnthropicLimitsTest, AnEffortLeavesRoomForTheAnswer) {
  const json limited = parse_json(ask(R"("max_tokens":4000,"reasoning_effort":"high")"));
  EXPECT_EQ(limited["max_tokens"], 4000);
  EXPECT_EQ(limited["thinking"]["budget_tokens"], 3000);
  const json enough = parse_json(ask(R"("max_tokens":60000,"reasoning_effort":"medium")"));
  EXPECT_EQ(enough["thinking"]["budget_tokens"], 10240);
  const json of_model = parse_json(
      ask(R"("reasoning_effort":"high")", {.model = "claude-sonnet-4-5", .max_output = 8192}));
  EXPECT_EQ(of_model["max_tokens"], 8192);
  EXPECT_EQ(of_model["thinking"]["budget_tokens"], 6144);
  EXPECT_THAT(ask(R"("max_tokens":1200,"reasoning_effort":"high")"),
              EndsWith("\nDROPPED reasoning_effort"));
}

TEST(AnthropicLimitsTest, ALimitThatIsOursGrowsWithTheBudget) {
  const json medium = parse_json(ask(R"("reasoning_effort":"medium")"));
  EXPECT_EQ(medium["max_tokens"], 4096 + 10240);
  EXPECT_EQ(medium["thinking"]["budget_tokens"], 10240);
  // No more than every model may say.
  const json high = parse_json(ask(R"("reasoning_effort":"high")"));
  EXPECT_EQ(high["max_tokens"], 32000);
  EXPECT_EQ(high["thinking"]["budget_tokens"], 32000 - 4096);
  EXPECT_EQ(parse_json(ask(R"("seed":null)"))["max_tokens"], 4096);
}

TEST(AnthropicLimitsTest, ABudgetThatTheClientCountedOutIsItsOwn) {
  const json out = parse_json(ask(R"("max_tokens":4000,"reasoning":{"max_tokens":3900})"));
  EXPECT_EQ(out["thinking"]["budget_tokens"], 3900);
}

TEST(AnthropicLimitsTest, StopSequencesOfWhiteSpaceAreLeftOut) {
  const std::string out = ask(R"("stop":["\n\n","END"," \t"])");
  EXPECT_THAT(out, HasSubstr(R"("stop_sequences":["END"])"));
  EXPECT_THAT(out, EndsWith("\nDROPPED stop"));
  EXPECT_THAT(ask(R"("stop":"\n")"), Not(HasSubstr("stop_sequences")));
  EXPECT_THAT(transcode_request(Dialect::kGemini, Dialect::kAnthropic,
                                R"({"contents":[{"parts":[{"text":"a"}]}],
                                    "generationConfig":{"stopSequences":["\n"]}})"),
              EndsWith("\nDROPPED stopSequences"));
}

TEST(AnthropicLimitsTest, OpenaiTakesFourStopSequences) {
  const auto sent = [](bool is_strict) {
    return transcode_request(Dialect::kAnthropic, Dialect::kOpenai,
                             R"({"max_tokens":9,"messages":[{"role":"user","content":"a"}],
                                 "stop_sequences":["a","b","c","d","e"]})",
                             {.model = "m", .is_strict = is_strict});
  };
  EXPECT_THAT(sent(true), HasSubstr(R"("stop":["a","b","c","d"])"));
  EXPECT_THAT(sent(true), EndsWith("\nDROPPED stop_sequences"));
  EXPECT_THAT(sent(false), HasSubstr(R"("stop":["a","b","c","d","e"])"));
}

constexpr std::string_view kFormat =
    R"("response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object"}}})";

// Two calls would be `{"a":1}{"a":2}`.
TEST(AnthropicLimitsTest, AnAnswerOfAFormIsGivenOnce) {
  EXPECT_THAT(
      ask(kFormat),
      HasSubstr(
          R"("tool_choice":{"type":"tool","name":"json_answer","disable_parallel_tool_use":true})"));
  const std::string tools = R"(,"tools":[{"type":"function","function":{"name":"f"}}])";
  EXPECT_THAT(ask(std::string(kFormat) + tools), HasSubstr(R"("tool_choice":{"type":"any"})"));
}

}  // namespace
}  // namespace omni::llm::anthropic
