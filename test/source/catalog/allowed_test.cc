#include "source/catalog/allowed.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace omni {
namespace {

TEST(AllowedAccountTest, GlobsNameAProviderOrOneOfItsAccounts) {
  const Provider openai{.id = "openai"}, local{.id = "local"};
  const Account main{.name = "main", .connection = "openai/main"},
      spare{.name = "spare", .connection = "openai/spare"};
  const struct {
    std::vector<std::string> globs;
    bool main, spare, local;
  } rows[] = {
      {{}, true, true, true},
      {{"openai"}, true, true, false},
      {{"openai/*"}, true, true, false},
      {{"openai/main"}, true, false, false},
      {{"*/main", "local"}, true, false, true},
      {{"main"}, false, false, false},
  };
  for (const auto& row : rows) {
    const std::string what = row.globs.empty() ? "none" : row.globs[0];
    EXPECT_EQ(is_allowed_account(row.globs, openai, &main), row.main) << what;
    EXPECT_EQ(is_allowed_account(row.globs, openai, &spare), row.spare) << what;
    EXPECT_EQ(is_allowed_account(row.globs, local, nullptr), row.local) << what;
  }
}

}  // namespace
}  // namespace omni
