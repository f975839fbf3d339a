#include "source/limits/key_limits.h"

#include <gtest/gtest.h>

namespace omni {
namespace {

KeyRules rules(int64_t limit, double dollars) {
  KeyRules out;
  out.rate_limits = {{limit, 60, Measure::kRequests}, {9, 3600, Measure::kRequests}};
  out.budget = MoneyBudget{.limit_nanos = static_cast<int64_t>(dollars * 1e9)};
  return out;
}

TEST(KeyCellsTest, CountsGoOnWhenALimitChangesAndNotUnderAnotherKey) {
  KeyCells cells;
  KeyLimits before = cells.attach("k1", rules(5, 1));
  RateClaim claim;
  EXPECT_EQ(claim.take(before.windows, 0, 60), nullptr);
  before.spend->spent.add(1, 100);
  const KeyLimits after = cells.attach("k1", rules(3, 2));
  EXPECT_EQ(after.windows[0].rule.window_seconds, 3600);
  EXPECT_EQ(after.windows[0].remaining(60), 8);
  EXPECT_EQ(after.windows[1].remaining(60), 2);
  EXPECT_EQ(after.spend->spent.read(1).count, 100u);
  const KeyLimits other = cells.attach("k2", rules(5, 1));
  EXPECT_EQ(other.windows[1].remaining(60), 5);
  EXPECT_EQ(other.spend->spent.read(1).count, 0u);
}

TEST(KeyCellsTest, SessionsGoOnWhenTheirLimitChanges) {
  constexpr int64_t kNow = 1'750'000'000;
  KeyCells cells;
  const auto attach = [&](std::string_view key, uint32_t most) {
    return cells.attach(key, {.rate_limits = {}, .budget = {}, .max_sessions = most});
  };
  const KeyLimits before = attach("k1", 1);
  EXPECT_TRUE(before.sessions->admit("a", kNow));
  const KeyLimits after = attach("k1", 2);
  EXPECT_TRUE(after.sessions->admit("b", kNow));
  EXPECT_FALSE(after.sessions->admit("c", kNow)) << "one was going on";
  EXPECT_TRUE(after.sessions->admit("a", kNow));
  EXPECT_EQ(after.sessions->most(), 2u);
  EXPECT_TRUE(attach("k2", 1).sessions->admit("c", kNow));
}

TEST(KeyCellsTest, WithoutRulesThereIsNothingToLimit) {
  KeyCells cells;
  EXPECT_FALSE(cells.attach("k", {}).any());
  EXPECT_TRUE(cells.attach("k", {.rate_limits = {}, .budget = {}, .max_sessions = 1}).any());
}

TEST(KeyRulesTest, TheirTextTellsEveryDifference) {
  const KeyRules one = rules(5, 1);
  for (KeyRules other : {rules(6, 1), rules(5, 2), KeyRules()}) EXPECT_NE(one.text(), other.text());
  KeyRules sessions = one;
  sessions.max_sessions = 3;
  EXPECT_NE(one.text(), sessions.text());
  EXPECT_EQ(one.text(), rules(5, 1).text());
}

}  // namespace
}  // namespace omni
