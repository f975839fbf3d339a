// What coding agents send with every request, where another dialect's server takes less.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using test::transcode_request;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr Dialect kChat = Dialect::kOpenai, kResponses = Dialect::kOpenaiResponses,
                  kMessages = Dialect::kAnthropic;
constexpr RequestOptions kVendor{.model = "m", .is_strict = true}, kOther{.model = "m"};

TEST(AgentsTest, AUsersIdThatIsTooLongIsLeftOut) {
  const auto ask = [](size_t length) {
    return fmt::format(R"({{"max_tokens":9,"messages":[{{"role":"user","content":"a"}}],)"
                       R"("metadata":{{"user_id":"{}"}}}})",
                       std::string(length, 'u'));
  };
  for (const Dialect to : {kChat, kResponses}) {
    EXPECT_THAT(transcode_request(kMessages, to, ask(64), kVendor), HasSubstr(R"("user":"uuu)"));
    EXPECT_THAT(transcode_request(kMessages, to, ask(65), kVendor), EndsWith("DROPPED user"));
    EXPECT_THAT(transcode_request(kMessages, to, ask(128), kOther), HasSubstr(R"("user":"uuu)"));
    EXPECT_THAT(transcode_request(kMessages, to, ask(129), kOther), EndsWith("DROPPED user"));
  }
}

// codex offers a web search beside its own tools.
TEST(AgentsTest, AHostedToolBesideOthersIsLeftOutElsewhere) {
  const auto ask = [](std::string_view more) {
    return fmt::format(R"({{"input":"a","tools":[{{"type":"function","name":"shell",
        "parameters":{{"type":"object"}}}},{{"type":"web_search"}}]{}}})",
                       more);
  };
  for (const Dialect to : {kChat, kMessages, Dialect::kGemini, Dialect::kOllama}) {
    const std::string out = transcode_request(kResponses, to, ask(""), kVendor);
    EXPECT_THAT(out, HasSubstr(R"("name":"shell")"));
    EXPECT_THAT(out, HasSubstr("\nDROPPED web_search"));
    EXPECT_THAT(out.substr(0, out.find('\n')), Not(HasSubstr("web_search")));
    EXPECT_THAT(
        transcode_request(kResponses, to, ask(R"(,"tool_choice":{"type":"web_search"})"), kVendor),
        HasSubstr("'web_search' runs at its own provider"));
  }
  const std::string_view gemini = R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"tools":[
      {"functionDeclarations":[{"name":"shell"}]},{"googleSearch":{}}]})";
  EXPECT_THAT(transcode_request(Dialect::kGemini, kResponses, gemini, kVendor),
              EndsWith("\nDROPPED googleSearch"));
}

}  // namespace
}  // namespace omni::llm
