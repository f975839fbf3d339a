// A second attempt beside one that is slow to begin.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "test/source/routing/walk.h"

namespace omni::routing {
namespace {

using test::Through;
using test::Walk;

TEST(FirstTokenCellTest, SaysNothingBeforeItKnowsEnough) {
  FirstTokenCell cell;
  for (uint32_t i = 0; i + 1 < FirstTokenCell::kFewest; ++i) cell.add(100'000);
  EXPECT_EQ(cell.quantile_us(0.95), 0);
  cell.add(100'000);
  EXPECT_NEAR(static_cast<double>(cell.quantile_us(0.95)), 100'000, 20'000);
}

TEST(FirstTokenCellTest, IsWithinAFifthOfTheTruthFromAMillisecondToHalfAMinute) {
  for (const double middle_us : {2'000.0, 40'000.0, 900'000.0, 9'000'000.0}) {
    FirstTokenCell cell;
    std::vector<int64_t> seen;
    for (int i = 0; i < 900; ++i) {
      // 900 points of a skewed distribution, in an order that jumps.
      const double place = (i * 367 % 900 + 0.5) / 900;
      seen.push_back(static_cast<int64_t>(middle_us * std::pow(1 / (1 - place), 0.3)));
      cell.add(seen.back());
    }
    std::sort(seen.begin(), seen.end());
    for (const double share : {0.5, 0.95}) {
      const auto truth = static_cast<double>(seen[static_cast<size_t>(900 * share)]);
      const auto told = static_cast<double>(cell.quantile_us(share));
      EXPECT_GE(told, truth * 0.95) << middle_us << " " << share;
      EXPECT_LE(told, truth * 1.25) << middle_us << " " << share;
    }
  }
}

TEST(FirstTokenCellTest, ForgetsWhatIsLongAgo) {
  FirstTokenCell cell;
  for (int i = 0; i < 1000; ++i) cell.add(4'000'000);
  for (int i = 0; i < 20'000; ++i) cell.add(10'000);
  EXPECT_LT(cell.quantile_us(0.95), 15'000);
}

TEST(HedgeCellTest, AShareOfTheRequestsAndAFewAtOnce) {
  HedgeCell cell;
  int hedges = 0;
  for (int i = 0; i < 1000; ++i) {
    cell.on_request(0.1);
    hedges += cell.take() ? 1 : 0;
  }
  EXPECT_NEAR(hedges, 100, 1);
  for (int i = 0; i < 1000; ++i) cell.on_request(0.1);
  hedges = 0;
  while (cell.take()) ++hedges;
  EXPECT_EQ(hedges, 10);
}

struct Hedged : Through {
  explicit Hedged(size_t providers) : Through(providers) {
    plan.rules.hedge = {.enabled = true, .delay = absl::Milliseconds(300)};
  }
};

TEST(HedgeTest, WaitsAsLongAsTheTargetUsuallyTakes) {
  Hedged combo(2);
  Walk walk(combo.plan, combo.policy);
  ASSERT_EQ(walk.next(), "p0/a");
  EXPECT_EQ(walk.course.hedge_delay(), absl::Milliseconds(300)) << "nothing is known of it";
  for (int i = 0; i < 30; ++i) {
    Walk other(combo.plan, combo.policy);
    other.next();
    other.course.commit(50'000, other.now);
    other.course.end(true, other.now);
  }
  ASSERT_TRUE(walk.course.hedge_delay());
  EXPECT_NEAR(absl::ToDoubleMilliseconds(*walk.course.hedge_delay()), 50, 10);
}

TEST(HedgeTest, AsksAnotherTargetOnce) {
  Hedged combo(3);
  Walk walk(combo.plan, combo.policy);
  ASSERT_EQ(walk.next(), "p0/a");
  Walk beside(combo.plan, combo.policy, {.random = 7, .is_hedge = true});
  beside.course.leave_out(walk.course.target());
  EXPECT_EQ(beside.next(), "p1/a");
  walk.course.leave_out(beside.course.target());
  EXPECT_EQ(beside.fail(500), "end");
  EXPECT_EQ(walk.fail(500), "p2/a") << "p1 is tried already";
}

TEST(HedgeTest, WhereNobodyElseIsThereNobodyIsAsked) {
  Hedged combo(1);
  Walk walk(combo.plan, combo.policy);
  ASSERT_EQ(walk.next(), "p0/a");
  EXPECT_EQ(walk.course.hedge_delay(), std::nullopt);
  Hedged two(2);
  two.account(1).cooldown.begin(test::kNowMs, two.policy.cooldown, 60000, true);
  Walk first(two.plan, two.policy);
  ASSERT_EQ(first.next(), "p0/a");
  Walk beside(two.plan, two.policy, {.random = 7, .is_hedge = true});
  beside.course.leave_out(first.course.target());
  EXPECT_EQ(beside.next(), "end");
}

}  // namespace
}  // namespace omni::routing
