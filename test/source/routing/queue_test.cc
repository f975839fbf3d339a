// Requests that stand in line because an account is not to be asked too fast.
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "test/source/routing/walk.h"

namespace omni::routing {
namespace {

using test::Direct;
using test::kNowMs;
using test::Through;
using test::Walk;

TEST(QueueCellTest, TheGapSpreadsRequestsOut) {
  QueueCell cell;
  const QueueRule rule{.per_minute = 0, .min_gap_ms = 200};
  EXPECT_EQ(cell.take(kNowMs, rule, kNowMs), kNowMs);
  EXPECT_EQ(cell.next_ms(kNowMs, rule), kNowMs + 200);
  EXPECT_EQ(cell.take(kNowMs + 50, rule, kNowMs + 50), 0) << "not yet, and it will not wait";
  EXPECT_EQ(cell.take(kNowMs + 50, rule, kNowMs + 1000), kNowMs + 200);
  EXPECT_EQ(cell.take(kNowMs + 50, rule, kNowMs + 1000), kNowMs + 400);
  EXPECT_EQ(cell.take(kNowMs + 5000, rule, kNowMs + 5000), kNowMs + 5000);
}

TEST(QueueCellTest, AMinutesAllowanceMayComeAtOnceAndThenOneAtATime) {
  QueueCell cell;
  const QueueRule rule{.per_minute = 60, .min_gap_ms = 0};
  for (int i = 0; i < 60; ++i) EXPECT_EQ(cell.take(kNowMs, rule, kNowMs), kNowMs) << i;
  EXPECT_EQ(cell.take(kNowMs, rule, kNowMs), 0);
  EXPECT_EQ(cell.next_ms(kNowMs, rule), kNowMs + 1000);
  EXPECT_EQ(cell.take(kNowMs, rule, kNowMs + 9000), kNowMs + 1000);
  EXPECT_EQ(cell.take(kNowMs, rule, kNowMs + 9000), kNowMs + 2000);
  for (int i = 0; i < 60; ++i) EXPECT_NE(cell.take(kNowMs + 62000, rule, kNowMs + 62000), 0) << i;
  EXPECT_EQ(cell.take(kNowMs + 62000, rule, kNowMs + 62000), 0);
}

// How many of four threads' attempts were let in.
int admitted(QueueCell& cell, const QueueRule& rule) {
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i)
        if (cell.take(kNowMs, rule, kNowMs) != 0) ++admitted;
    });
  for (std::thread& each : threads) each.join();
  return admitted;
}

TEST(QueueCellTest, IsExactAmongThreads) {
  QueueCell cell;
  EXPECT_EQ(admitted(cell, {.per_minute = 1000, .min_gap_ms = 0}), 1000);
  for (int i = 0; i < 100; ++i) {
    QueueCell spread;
    EXPECT_EQ(admitted(spread, {.per_minute = 0, .min_gap_ms = 3'600'000}), 1);
  }
}

TEST(QueueCellTest, WhoFindsNoGapTakesNothingOfTheMinute) {
  QueueCell cell;
  const QueueRule rule{.per_minute = 60, .min_gap_ms = 10};
  EXPECT_EQ(cell.take(kNowMs, rule, kNowMs), kNowMs);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(cell.take(kNowMs, rule, kNowMs), 0);
  EXPECT_EQ(cell.take(kNowMs + 10, rule, kNowMs + 10), kNowMs + 10);
}

QueueRule gap(int64_t ms) {
  return {.enabled = true, .per_minute = 0, .min_gap_ms = ms, .concurrent = 0, .max_wait_ms = 1000};
}

TEST(QueueTest, RequestsGoInTheOrderInWhichTheyCame) {
  Direct direct;
  direct.policy.queue = gap(200);
  Walk first(direct.plan, direct.policy), second(direct.plan, direct.policy),
      third(direct.plan, direct.policy);
  EXPECT_EQ(first.next(), "p0/a");
  EXPECT_EQ(second.next(), "wait 200");
  EXPECT_EQ(third.next(), "wait 400");
  Walk late(direct.plan, direct.policy);
  late.now += 200;
  EXPECT_EQ(late.next(), "wait 400");
  EXPECT_EQ(second.next(), "p0/a");
  EXPECT_EQ(third.next(), "p0/a");
  EXPECT_EQ(late.next(), "p0/a");
}

TEST(QueueTest, HowManyStandInLineIsKnown) {
  Direct direct;
  direct.policy.queue = gap(200);
  const std::atomic<int32_t>& waiting = direct.fleet.list().all()[0].accounts[0].cell->waiting;
  Walk first(direct.plan, direct.policy), second(direct.plan, direct.policy);
  EXPECT_EQ(first.next(), "p0/a");
  EXPECT_EQ(waiting, 0);
  EXPECT_EQ(second.next(), "wait 200");
  {
    Walk leaves(direct.plan, direct.policy);
    EXPECT_EQ(leaves.next(), "wait 400");
    EXPECT_EQ(waiting, 2);
  }
  EXPECT_EQ(waiting, 1);
  EXPECT_EQ(second.next(), "p0/a");
  EXPECT_EQ(waiting, 0);
}

TEST(QueueTest, ALineThatIsTooLongFailsAtOnce) {
  Direct direct;
  direct.policy.queue = gap(600);
  std::vector<std::unique_ptr<Walk>> walks;
  for (int i = 0; i < 3; ++i) walks.push_back(std::make_unique<Walk>(direct.plan, direct.policy));
  EXPECT_EQ(walks[0]->next(), "p0/a");
  EXPECT_EQ(walks[1]->next(), "wait 600");
  EXPECT_EQ(walks[2]->next(), "end");
  ASSERT_EQ(walks[2]->course.skipped(kNowMs).size(), 1u);
  EXPECT_EQ(walks[2]->course.skipped(kNowMs)[0].why, "queued");
}

// The account was free when the target was chosen and is not when it is entered.
TEST(QueueTest, WhoIsTooLateForAFreeAccountStandsInLine) {
  Direct direct;
  direct.policy.queue = gap(1);
  constexpr int kThreads = 4;
  std::barrier together(kThreads);
  std::atomic<int> ends{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int64_t round = 0; round < 20'000; ++round) {
        Course course(direct.plan, direct.policy, {});
        together.arrive_and_wait();
        if (course.next(kNowMs + round * 100).kind == Course::Step::Kind::kEnd) ++ends;
      }
    });
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(ends, 0);
}

TEST(QueueTest, WhoIsFreeIsAskedBeforeAnybodyWaits) {
  Direct accounts(2);
  accounts.policy.queue = gap(200);
  Walk first(accounts.plan, accounts.policy), second(accounts.plan, accounts.policy);
  EXPECT_EQ(first.next(), "p0/a");
  EXPECT_EQ(second.next(), "p0/b");
  Through combo(2);
  combo.policy.queue = gap(200);
  Walk one(combo.plan, combo.policy), two(combo.plan, combo.policy),
      three(combo.plan, combo.policy);
  EXPECT_EQ(one.next(), "p0/a");
  EXPECT_EQ(two.next(), "p1/a");
  EXPECT_EQ(three.next(), "wait 200");
  EXPECT_EQ(three.next(), "p0/a");
}

TEST(QueueTest, NoMoreRunAtOnceThanMay) {
  Direct direct;
  direct.policy.queue = {
      .enabled = true, .per_minute = 0, .min_gap_ms = 0, .concurrent = 2, .max_wait_ms = 100};
  Walk waits(direct.plan, direct.policy);
  {
    Walk first(direct.plan, direct.policy), second(direct.plan, direct.policy);
    EXPECT_EQ(first.next(), "p0/a");
    EXPECT_EQ(second.next(), "p0/a");
    EXPECT_EQ(waits.next(), "wait 20");
    EXPECT_EQ(waits.next(), "wait 20");
    Walk gives_up(direct.plan, direct.policy);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(gives_up.next(), "wait 20") << i;
    EXPECT_EQ(gives_up.next(), "end");
  }
  EXPECT_EQ(waits.next(), "p0/a");
}

TEST(QueueTest, WhatFailsMovesOnAndIsNotMadeToWaitForItself) {
  Through combo(2);
  combo.policy.queue = gap(200);
  Walk walk(combo.plan, combo.policy);
  EXPECT_EQ(walk.next(), "p0/a");
  EXPECT_EQ(walk.fail(500), "p1/a");
  EXPECT_EQ(walk.fail(500), "end");
}

}  // namespace
}  // namespace omni::routing
