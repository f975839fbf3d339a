#include "source/server/sessions.h"

#include <gtest/gtest.h>

#include <string>

namespace omni {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1000);

TEST(SessionTableTest, ASessionIsCountedAndForgottenWhenItIsIdle) {
  SessionTable table;
  table.touch("a", kStart, "openai/main");
  table.touch("b", kStart + absl::Seconds(1), "");
  table.touch("a", kStart + absl::Seconds(2), "");
  const auto both = table.list(kStart + absl::Seconds(3));
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0].id, "a");
  EXPECT_EQ(both[0].requests, 2U);
  EXPECT_EQ(both[0].created, kStart);
  EXPECT_EQ(both[0].last_active, kStart + absl::Seconds(2));
  EXPECT_EQ(both[0].connection, "openai/main") << "a request that reached nobody changes nothing";
  EXPECT_EQ(table.list(kStart + SessionTable::kIdle + absl::Seconds(2)).size(), 1U);
  EXPECT_TRUE(table.list(kStart + SessionTable::kIdle + absl::Seconds(3)).empty());
  EXPECT_EQ(table.size(), 0U);
}

TEST(SessionTableTest, TheTableIsBounded) {
  SessionTable table;
  for (size_t i = 0; i < SessionTable::kMost + 10; ++i) table.touch(std::to_string(i), kStart, "");
  EXPECT_EQ(table.size(), SessionTable::kMost);
  EXPECT_EQ(table.list(kStart).back().id, "10");
}

}  // namespace
}  // namespace omni
