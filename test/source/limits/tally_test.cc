#include "source/limits/tally.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace omni {
namespace {

TEST(TallyTest, CountsUpToItsLimitAndAnewInTheNextPeriod) {
  Tally<32> tally;
  EXPECT_TRUE(tally.take(5, 3, 4));
  EXPECT_FALSE(tally.take(5, 2, 4));
  EXPECT_EQ(tally.take(5, 1, 4)->count, 4u);
  EXPECT_FALSE(tally.take(5, 1, 4));
  EXPECT_EQ(tally.take(6, 4, 4)->count, 4u);
  EXPECT_EQ(tally.read(7).count, 0u);
}

TEST(TallyTest, WhatIsGivenBackCanBeTakenAgainInItsPeriodOnly) {
  Tally<32> tally;
  const uint64_t period = tally.take(5, 4, 4)->period;
  tally.give_back(period, 3);
  EXPECT_EQ(tally.read(5).count, 1u);
  tally.give_back(period, 9);
  EXPECT_EQ(tally.read(5).count, 0u);
  tally.add(6, 2);
  tally.give_back(period, 1);
  EXPECT_EQ(tally.read(6).count, 2u);
}

TEST(TallyTest, AddingKnowsNoLimitButTheWord) {
  Tally<8> tally;
  EXPECT_EQ(tally.add(1, 200).count, 200u);
  EXPECT_EQ(tally.add(1, 200).count, 255u);
  EXPECT_FALSE(tally.take(1, 1, 255));
}

// Two workers at the edge of a period do not read the same clock.
TEST(TallyTest, AThreadThatIsLateCountsInThePeriodThatHasBegun) {
  Tally<32> tally;
  tally.add(6, 3);
  EXPECT_EQ(tally.take(5, 1, 10)->count, 4u);
  EXPECT_EQ(tally.read(6).count, 4u);
}

TEST(TallyTest, AClockThatIsSetBackDoesNotLockAnybodyOut) {
  Tally<32> tally;
  tally.add(1000, 10);
  EXPECT_EQ(tally.take(940, 1, 10)->count, 1u);
}

TEST(TallyTest, PeriodsMayBeLargerThanTheirBits) {
  Tally<51> tally;  // 13 bits of period.
  for (const int64_t period : {int64_t{20'000}, int64_t{20'001}, int64_t{20'005 + 8192}})
    EXPECT_EQ(tally.add(period, 5).count, 5u) << period;
}

TEST(TallyTest, FourThreadsTakeExactlyTheLimitInEachPeriod) {
  for (int64_t period = 1; period < 50; ++period) {
    Tally<32> tally;
    tally.add(period - 1, 1'000'000);
    std::atomic<int> admitted{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int j = 0; j < 1000; ++j)
          if (tally.take(period, 1, 1500)) admitted.fetch_add(1);
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(admitted.load(), 1500);
  }
}

}  // namespace
}  // namespace omni
