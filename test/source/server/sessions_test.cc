#include "source/server/sessions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace omni {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1000);

TEST(SessionTableTest, ASessionIsCountedAndForgottenWhenItIsIdle) {
  SessionTable table;
  table.touch("a", kStart, "openai", "main");
  table.touch("b", kStart + absl::Seconds(1), "demo", "");
  table.touch("a", kStart + absl::Seconds(2), "", "");
  auto both = table.list(kStart + absl::Seconds(3));
  ASSERT_EQ(both.size(), 2U);
  std::sort(both.begin(), both.end(), [](const auto& x, const auto& y) { return x.id < y.id; });
  EXPECT_EQ(both[0].id, "a");
  EXPECT_EQ(both[0].requests, 2U);
  EXPECT_EQ(both[0].created, kStart);
  EXPECT_EQ(both[0].last_active, kStart + absl::Seconds(2));
  EXPECT_EQ(both[1].connection, "demo");
  EXPECT_EQ(both[0].connection, "openai/main") << "a request that reached nobody changes nothing";
  EXPECT_EQ(table.list(kStart + SessionTable::kIdle + absl::Seconds(2)).size(), 1U);
  EXPECT_TRUE(table.list(kStart + SessionTable::kIdle + absl::Seconds(3)).empty());
  table.touch("a", kStart + SessionTable::kIdle + absl::Seconds(9), "", "");
  EXPECT_EQ(table.list(kStart + SessionTable::kIdle + absl::Seconds(9))[0].requests, 1U)
      << "it begins anew";
}

TEST(SessionTableTest, TheTableIsBoundedAndKeepsWhoWasHeardOfLast) {
  SessionTable table;
  const size_t most = SessionTable::kBuckets * SessionTable::kWays;
  for (size_t i = 0; i < 3 * most; ++i)
    table.touch(std::to_string(i), kStart + absl::Milliseconds(i / 100), "p", std::string(99, 'x'));
  const auto kept = table.list(kStart + absl::Seconds(1));
  EXPECT_LE(kept.size(), most);
  EXPECT_GT(kept.size(), most * 9 / 10);
  const std::string last = std::to_string(3 * most - 1);
  const auto newest = std::find_if(kept.begin(), kept.end(),
                                   [&](const SessionInfo& each) { return each.id == last; });
  ASSERT_NE(newest, kept.end());
  EXPECT_EQ(newest->connection.size(), 88U);
}

}  // namespace
}  // namespace omni
