#include "source/llm/thinking_budget.h"

#include <gtest/gtest.h>

#include "source/llm/codec.h"

namespace omni::llm {
namespace {

using Mode = ThinkingBudget::Mode;

std::string with(Mode mode, int64_t budget, Dialect dialect, std::string body,
                 std::string_view model = "m") {
  set_thinking({.mode = mode}, budget, dialect, model, body);
  return body;
}

TEST(ThinkingBudgetTest, AutoTakesOutWhatTheClientSays) {
  const auto automatic = [](Dialect dialect, std::string body) {
    return with(Mode::kAuto, 10240, dialect, std::move(body));
  };
  EXPECT_EQ(
      automatic(Dialect::kOpenai,
                R"({"model":"m","reasoning_effort":"high","n":1,"reasoning":{"effort":"low"}})"),
      R"({"model":"m","n":1})");
  EXPECT_EQ(automatic(Dialect::kOpenaiResponses, R"({"reasoning":{"effort":"low"},"input":"a"})"),
            R"({"input":"a"})");
  EXPECT_EQ(automatic(Dialect::kAnthropic,
                      R"({"thinking":{"type":"adaptive"},"output_config":{"effort":"max"},"a":1})"),
            R"({"a":1})");
  EXPECT_EQ(automatic(Dialect::kAnthropic, R"({"output_config":{"effort":"max","format":{}}})"),
            R"({"output_config":{"format":{}}})");
  EXPECT_EQ(automatic(Dialect::kGemini,
                      R"({"generationConfig":{"topK":1,"thinkingConfig":{"thinkingBudget":1}}})"),
            R"({"generationConfig":{"topK":1}})");
  EXPECT_EQ(automatic(Dialect::kOllama, R"({"think":true})"), "{}");
}

TEST(ThinkingBudgetTest, PassthroughChangesNothing) {
  const std::string body = R"({"reasoning_effort":"high"})";
  EXPECT_EQ(with(Mode::kPassthrough, 10240, Dialect::kOpenai, body), body);
}

TEST(ThinkingBudgetTest, AnEffortIsReplacedWhereOneIsGiven) {
  const auto effort = [](int64_t budget) {
    return with(Mode::kCustom, budget, Dialect::kOpenai, R"({"reasoning_effort":"minimal"})");
  };
  EXPECT_EQ(effort(0), "{}");
  EXPECT_EQ(effort(1024), R"({"reasoning_effort":"low"})");
  EXPECT_EQ(effort(10240), R"({"reasoning_effort":"medium"})");
  EXPECT_EQ(effort(10241), R"({"reasoning_effort":"high"})");
  EXPECT_EQ(effort(100000), R"({"reasoning_effort":"xhigh"})");
  EXPECT_EQ(with(Mode::kCustom, 500, Dialect::kOpenai, R"({"n":1})"), R"({"n":1})");
  EXPECT_EQ(with(Mode::kCustom, 500, Dialect::kOpenaiResponses,
                 R"({"reasoning":{"summary":"auto","effort":"high"}})"),
            R"({"reasoning":{"summary":"auto","effort":"low"}})");
}

TEST(ThinkingBudgetTest, ClaudeIsGivenABudgetThatFits) {
  const auto claude = [](std::string_view model, std::string body, int64_t budget = 4096) {
    return with(Mode::kCustom, budget, Dialect::kAnthropic, std::move(body), model);
  };
  EXPECT_EQ(claude("claude-sonnet-4-5", R"({"max_tokens":9000})"),
            R"({"thinking":{"type":"enabled","budget_tokens":4096},"max_tokens":9000})");
  EXPECT_EQ(claude("claude-opus-4-20250514", R"({"max_tokens":2000})"),
            R"({"thinking":{"type":"enabled","budget_tokens":1999},"max_tokens":2000})");
  // What Anthropic would refuse is not asked for.
  for (const char* body :
       {R"({"max_tokens":1000})", R"({"max_tokens":9000,"temperature":0.5})",
        R"({"max_tokens":9000,"tool_choice":{"type":"any"}})", R"({"max_tokens":9000,"top_k":3})"})
    EXPECT_EQ(claude("claude-sonnet-4-5", body), body);
  for (const char* model : {"claude-opus-4-7", "claude-3-5-haiku", "claude-opus-5"})
    EXPECT_EQ(claude(model, R"({"max_tokens":9000})"), R"({"max_tokens":9000})");
  EXPECT_EQ(claude("m", R"({"thinking":{"type":"enabled","budget_tokens":2000}})"),
            R"({"thinking":{"type":"enabled","budget_tokens":4096}})");
  EXPECT_EQ(claude("claude-sonnet-4-5", R"({"thinking":{"type":"enabled"},"a":1})", 0),
            R"({"a":1})");
}

TEST(ThinkingBudgetTest, AClaudeThatTakesNoBudgetHasItsEffortReplaced) {
  EXPECT_EQ(with(Mode::kCustom, 1000, Dialect::kAnthropic,
                 R"({"thinking":{"type":"adaptive"},"output_config":{"effort":"max"}})",
                 "claude-opus-4-7"),
            R"({"thinking":{"type":"adaptive"},"output_config":{"effort":"low"}})");
}

TEST(ThinkingBudgetTest, GeminiAndOllama) {
  EXPECT_EQ(with(Mode::kCustom, 0, Dialect::kGemini, R"({"contents":[]})", "gemini-2.5-flash"),
            R"({"generationConfig":{"thinkingConfig":{"thinkingBudget":0}},"contents":[]})");
  EXPECT_EQ(with(Mode::kCustom, 7, Dialect::kGemini,
                 R"({"generation_config":{"thinking_config":{"thinking_budget":1}}})"),
            R"({"generation_config":{"thinking_config":{"thinkingBudget":7}}})");
  const std::string level = R"({"generationConfig":{"thinkingConfig":{"thinkingLevel":"low"}}})";
  EXPECT_EQ(with(Mode::kCustom, 7, Dialect::kGemini, level, "gemini-3-pro"), level);
  EXPECT_EQ(with(Mode::kCustom, 7, Dialect::kOllama, R"({"think":false})"), R"({"think":true})");
}

TEST(ThinkingBudgetTest, AdaptiveGrowsWithTheRequest) {
  ThinkingBudget setting{.mode = Mode::kAdaptive, .base_budget = 1024};
  Request request;
  EXPECT_EQ(budget_for(setting, &request), 1024);
  EXPECT_EQ(budget_for(setting, nullptr), 1024);
  request.tools.resize(4);
  EXPECT_EQ(budget_for(setting, &request), 1536);
  for (int i = 0; i < 11; ++i) request.messages.emplace_back();
  const std::string question(2001, 'x');
  request.messages.back().parts.push_back({.text = Text(question)});
  EXPECT_EQ(budget_for(setting, &request), 2356);  // 1024 x 2.3, rounded up.
  setting.base_budget = ThinkingBudget::kMost;
  EXPECT_EQ(budget_for(setting, &request), ThinkingBudget::kMost);
}

}  // namespace
}  // namespace omni::llm
