#include "source/limits/rate_limit.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace omni {
namespace {

RateWindow window(int64_t limit, int64_t seconds, Measure of = Measure::kRequests) {
  return {{limit, seconds, of}, std::make_shared<WindowCell>()};
}

constexpr int64_t kNow = 6'000'030;  // Thirty seconds into a minute.

TEST(RateClaimTest, AllWindowsAdmitOrNoneHasCounted) {
  const std::vector<RateWindow> windows = {window(100, 3600), window(1, 60)};
  RateClaim first, second;
  EXPECT_EQ(first.take(windows, 0, kNow), nullptr);
  EXPECT_EQ(second.take(windows, 0, kNow), &windows[1]);
  EXPECT_EQ(windows[0].remaining(kNow), 99);
  EXPECT_EQ(windows[1].remaining(kNow), 0);
  EXPECT_EQ(windows[1].seconds_left(kNow), 30);
  EXPECT_EQ(second.take(windows, 0, kNow + 30), nullptr);
  EXPECT_EQ(windows[0].remaining(kNow + 30), 98);
}

TEST(RateClaimTest, TokensAreReservedAndMadeRight) {
  const std::vector<RateWindow> windows = {window(1000, 60, Measure::kTokens)};
  RateClaim claim, other;
  EXPECT_EQ(claim.take(windows, 700, kNow), nullptr);
  EXPECT_EQ(other.take(windows, 400, kNow), &windows[0]);
  claim.settle(150, kNow);
  EXPECT_EQ(windows[0].remaining(kNow), 850);
  EXPECT_EQ(other.take(windows, 400, kNow), nullptr);
  other.settle(600, kNow);
  EXPECT_EQ(windows[0].remaining(kNow), 250);
}

TEST(RateClaimTest, WhatGrowsBeyondItsReservationIsSeenByOthersAtOnce) {
  const std::vector<RateWindow> windows = {window(1000, 60, Measure::kTokens)};
  RateClaim claim, other;
  EXPECT_EQ(claim.take(windows, 10, kNow), nullptr);
  claim.grow(5, kNow);
  EXPECT_EQ(windows[0].remaining(kNow), 990);
  claim.grow(1200, kNow);
  EXPECT_EQ(windows[0].remaining(kNow), 0);
  EXPECT_EQ(other.take(windows, 1, kNow), &windows[0]);
  claim.settle(1100, kNow);
  EXPECT_EQ(other.take(windows, 1, kNow), &windows[0]);
}

TEST(RateClaimTest, WhatAStreamUsesInALaterWindowCountsThere) {
  const std::vector<RateWindow> windows = {window(1000, 60, Measure::kTokens)};
  RateClaim claim;
  EXPECT_EQ(claim.take(windows, 100, kNow), nullptr);
  claim.settle(400, kNow + 60);
  EXPECT_EQ(windows[0].remaining(kNow + 60), 700);
}

TEST(RateClaimTest, ARefundForAWindowThatIsOverIsNone) {
  const std::vector<RateWindow> windows = {window(1000, 60, Measure::kTokens)};
  RateClaim claim, next;
  EXPECT_EQ(claim.take(windows, 800, kNow), nullptr);
  EXPECT_EQ(next.take(windows, 500, kNow + 60), nullptr);
  claim.settle(1, kNow + 60);
  EXPECT_EQ(windows[0].remaining(kNow + 60), 500);
}

TEST(RateClaimTest, ARequestLargerThanItsWindowTakesAllOfIt) {
  const std::vector<RateWindow> windows = {window(1000, 60, Measure::kTokens)};
  RateClaim claim, other;
  EXPECT_EQ(claim.take(windows, 64'000, kNow), nullptr);
  EXPECT_EQ(other.take(windows, 1, kNow), &windows[0]);
  claim.settle(20, kNow);
  EXPECT_EQ(windows[0].remaining(kNow), 980);
}

TEST(RateClaimTest, WorkThatWasAdmittedBeforeCountsItsTokensAlone) {
  const std::vector<RateWindow> windows = {window(1, 60), window(1000, 60, Measure::kTokens)};
  RateClaim request, work;
  EXPECT_EQ(request.take(windows, 1, kNow), nullptr);
  EXPECT_EQ(work.take_tokens(windows, 10, kNow), nullptr);
}

TEST(RateClaimTest, UndoneItHasNeverBeen) {
  const std::vector<RateWindow> windows = {window(5, 60), window(1000, 60, Measure::kTokens)};
  RateClaim claim;
  EXPECT_EQ(claim.take(windows, 100, kNow), nullptr);
  claim.undo();
  claim.settle(700, kNow);
  EXPECT_EQ(windows[0].remaining(kNow), 5);
  EXPECT_EQ(windows[1].remaining(kNow), 1000);
}

}  // namespace
}  // namespace omni
