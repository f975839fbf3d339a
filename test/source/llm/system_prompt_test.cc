#include "source/llm/system_prompt.h"

#include <gtest/gtest.h>

namespace omni::llm {
namespace {

const SystemPrompt kBoth{.before = "Be kind.", .after = R"(Say \"yes\".)"};
const SystemPrompt kBefore{.before = "Be kind.", .after = ""};
const SystemPrompt kAfter{.before = "", .after = "Be brief."};

std::string with(const SystemPrompt& prompt, Dialect dialect, std::string body) {
  add_system_prompt(prompt, dialect, body);
  return body;
}

TEST(SystemPromptTest, JoinsTheFirstInstructionsOfAChat) {
  EXPECT_EQ(
      with(kBoth, Dialect::kOpenai,
           R"({"messages":[{"role":"user","content":"a"},{"role":"system","content":"Be \n."}]})"),
      R"({"messages":[{"role":"user","content":"a"},{"role":"system",)"
      R"("content":"Be kind.\n\nBe \n.\n\nSay \"yes\"."}]})");
  EXPECT_EQ(with(kBefore, Dialect::kOllama,
                 R"({"messages": [ {"content":"x","role":"developer"}], "z": 1.0})"),
            R"({"messages": [ {"content":"Be kind.\n\nx","role":"developer"}], "z": 1.0})");
  EXPECT_EQ(with(kAfter, Dialect::kOpenai,
                 R"({"messages":[{"role":"system","content":[{"type":"text","text":"a"}]}]})"),
            R"({"messages":[{"role":"system","content":[{"type":"text","text":"a"},)"
            R"({"type":"text","text":"Be brief."}]}]})");
  EXPECT_EQ(with(kAfter, Dialect::kOpenai, R"({"messages":[{"role":"system","content":""}]})"),
            R"({"messages":[{"role":"system","content":"Be brief."}]})");
}

TEST(SystemPromptTest, GivesAChatInstructionsThatHasNone) {
  EXPECT_EQ(with(kBoth, Dialect::kOpenai, R"({"messages":[{"role":"user","content":"a"}]})"),
            R"({"messages":[{"role":"system","content":"Be kind.\n\nSay \"yes\"."},)"
            R"({"role":"user","content":"a"}]})");
  EXPECT_EQ(with(kBefore, Dialect::kOpenai, R"({"messages":[]})"),
            R"({"messages":[{"role":"system","content":"Be kind."}]})");
}

TEST(SystemPromptTest, KnowsWhereEachDialectKeepsInstructions) {
  EXPECT_EQ(with(kBefore, Dialect::kAnthropic, R"({"model":"m","system":"x"})"),
            R"({"model":"m","system":"Be kind.\n\nx"})");
  EXPECT_EQ(with(kBoth, Dialect::kAnthropic,
                 R"({"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]})"),
            R"({"system":[{"type":"text","text":"Be kind."},)"
            R"({"type":"text","text":"a","cache_control":{"type":"ephemeral"}},)"
            R"({"type":"text","text":"Say \"yes\"."}]})");
  EXPECT_EQ(with(kBefore, Dialect::kAnthropic, R"({"model":"m"})"),
            R"({"system":"Be kind.","model":"m"})");
  EXPECT_EQ(with(kBefore, Dialect::kOpenaiResponses, R"({"instructions":null,"input":"a"})"),
            R"({"instructions":"Be kind.","input":"a"})");
  EXPECT_EQ(with(kAfter, Dialect::kOpenaiResponses, R"({"instructions":"a"})"),
            R"({"instructions":"a\n\nBe brief."})");
  EXPECT_EQ(with(kBoth, Dialect::kGemini, R"({"contents":[]})"),
            R"({"systemInstruction":{"parts":[{"text":"Be kind."},{"text":"Say \"yes\"."}]},)"
            R"("contents":[]})");
  EXPECT_EQ(with(kBefore, Dialect::kGemini, R"({"system_instruction":{"parts":[{"text":"a"}]}})"),
            R"({"system_instruction":{"parts":[{"text":"Be kind."},{"text":"a"}]}})");
}

TEST(SystemPromptTest, LeavesABodyAloneThatIsNotARequest) {
  for (const char* body : {R"({"messages":3})", R"({"messages":[{"role":)", R"({"system":7})", ""})
    for (const Dialect dialect : {Dialect::kOpenai, Dialect::kOllama})
      EXPECT_EQ(with(kBoth, dialect, body), body);
  EXPECT_EQ(with(kBoth, Dialect::kAnthropic, R"({"system":7})"), R"({"system":7})");
}

}  // namespace
}  // namespace omni::llm
