#include "source/llm/json_note.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/support/json.h"
#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using test::parse_json;
using test::transcode_request;
using testing::HasSubstr;
using testing::Not;

constexpr Dialect kChat = Dialect::kOpenai, kResponses = Dialect::kOpenaiResponses;
constexpr Dialect kOllama = Dialect::kOllama, kGemini = Dialect::kGemini;

std::string ask(Dialect to, std::string_view system, std::string_view said) {
  const std::string first =
      system.empty() ? "" : fmt::format(R"({{"role":"system","content":"{}"}},)", system);
  return transcode_request(
      kOllama, to,
      fmt::format(R"({{"messages":[{}{{"role":"user","content":"{}"}}],"format":"json"}})", first,
                  said));
}

// The vendor answers 400 where nothing that is said contains the word.
TEST(JsonNoteTest, TheModelIsToldOfTheFormThatTheClientAsksFor) {
  const auto alone = parse_json(ask(kChat, "", "a river"));
  EXPECT_EQ(alone["messages"][0]["role"], "system");
  EXPECT_EQ(alone["messages"][0]["content"], std::string(kJsonNote));
  EXPECT_EQ(alone["messages"][1]["content"], "a river");
  // One system message, which some servers want.
  const auto behind = parse_json(ask(kChat, "Be brief.", "a river"));
  EXPECT_EQ(behind["messages"].size(), 2u);
  EXPECT_EQ(behind["messages"][0]["content"], "Be brief.\n" + std::string(kJsonNote));
  const auto response = parse_json(ask(kResponses, "Be brief.", "a river"));
  EXPECT_EQ(response["instructions"], "Be brief.");
  EXPECT_EQ(response["input"][0]["role"], "system");
  EXPECT_EQ(response["input"][0]["content"][0]["text"], std::string(kJsonNote));
  EXPECT_THAT(transcode_request(kGemini, kChat, R"({"contents":[{"parts":[{"text":"a"}]}],
      "generationConfig":{"responseMimeType":"application/json"}})"),
              HasSubstr(kJsonNote));
}

TEST(JsonNoteTest, WhoSaysItHimselfIsNotTold) {
  for (const Dialect to : {kChat, kResponses}) {
    EXPECT_THAT(ask(to, "", "a river as Json"), Not(HasSubstr(kJsonNote)));
    EXPECT_THAT(ask(to, "Write JSON.", "a river"), Not(HasSubstr(kJsonNote)));
  }
  EXPECT_THAT(ask(kOllama, "", "a river"), Not(HasSubstr(kJsonNote)));
  // Clients of the vendor's own dialects know its rule.
  EXPECT_THAT(transcode_request(kChat, kResponses,
                                R"({"messages":[{"role":"user","content":"a"}],
                                    "response_format":{"type":"json_object"}})"),
              Not(HasSubstr(kJsonNote)));
}

}  // namespace
}  // namespace omni::llm
