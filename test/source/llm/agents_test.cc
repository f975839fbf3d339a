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

}  // namespace
}  // namespace omni::llm
