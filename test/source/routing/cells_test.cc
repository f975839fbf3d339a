#include "source/routing/cells.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace omni::routing {
namespace {

constexpr int64_t kNow = 1'800'000'000'000;

TEST(CooldownCellTest, GrowsWithEachFailureAndEndsAtTheMost) {
  CooldownCell cell;
  const CooldownCell::Rule rule{.base_ms = 3000, .max_ms = 20000};
  int64_t now = kNow;
  for (const int64_t expected : {3000, 6000, 12000, 20000, 20000}) {
    EXPECT_TRUE(cell.begin(now, rule, 0, false));
    EXPECT_EQ(cell.load().until_ms - now, expected);
    now = cell.load().until_ms;
    EXPECT_FALSE(cell.is_cooling(now));
  }
}

TEST(CooldownCellTest, NoTimeIsNoneForAClockThatIsBehindEither) {
  CooldownCell cell;
  EXPECT_FALSE(cell.begin(kNow, {.base_ms = 0, .max_ms = 0}, 0, true));
  EXPECT_LE(cell.load().until_ms, kNow - 100);
}

// Of many that fail together the first raises the level.
TEST(CooldownCellTest, ThoseThatFailTogetherCountOnce) {
  CooldownCell cell;
  std::atomic<int> changed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { changed += cell.begin(kNow, {}, 0, false) ? 1 : 0; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(changed, 1);
  EXPECT_EQ(cell.load().level, 1);
}

TEST(CooldownCellTest, OnlyALaterEndWins) {
  CooldownCell cell;
  cell.begin(kNow, {}, 60000, true);
  EXPECT_FALSE(cell.begin(kNow + 1000, {}, 5000, true));
  EXPECT_TRUE(cell.begin(kNow + 1000, {}, 90000, true));
  EXPECT_EQ(cell.load().until_ms, kNow + 91000);
  EXPECT_EQ(cell.load().level, 1);
}

TEST(CooldownCellTest, ASuccessClearsWhatNobodyAskedFor) {
  CooldownCell cell;
  cell.begin(kNow, {}, 0, false);
  cell.on_success(kNow + 1);
  EXPECT_EQ(cell.load().level, 0);
  cell.begin(kNow, {}, 60000, true);
  cell.on_success(kNow + 1);
  EXPECT_TRUE(cell.is_cooling(kNow + 2)) << "an older request says nothing of the limit";
  cell.on_success(kNow + 60001);
  EXPECT_EQ(cell.load().level, 0);
}

struct Move {
  const char* what;
  const char* expected;  // Phase and what enter() says after it.
};

std::string phase(const BreakerCell& cell) {
  switch (cell.load().phase) {
    case BreakerState::Phase::kClosed:
      return "closed";
    case BreakerState::Phase::kOpen:
      return "open";
    default:
      return "probing";
  }
}

TEST(BreakerCellTest, EveryTransition) {
  BreakerCell cell;
  const BreakerCell::Rule rule{.failures = 3, .reset_ms = 1000};
  int64_t now = kNow;
  const auto run = [&](const std::string& what) {
    const bool is_probe = phase(cell) == "probing";
    if (what == "fail") cell.on_failure(now, rule, is_probe);
    if (what == "good") cell.on_success();
    if (what == "wait") now = cell.load().until_ms;
    if (what == "left") cell.on_probe_left(now);
    std::string out = phase(cell);
    if (what == "ask") out += std::to_string(static_cast<int>(cell.enter(now)));
    return out;
  };
  // enter(): 0 no, 1 yes, 2 the probe.
  const Move moves[] = {
      {"ask", "closed1"},  {"fail", "closed"},  {"fail", "closed"},  {"good", "closed"},
      {"fail", "closed"},  {"fail", "open"},    {"ask", "open0"},    {"good", "open"},
      {"wait", "open"},    {"ask", "open2"},    {"ask", "probing0"}, {"fail", "open"},
      {"ask", "open0"},    {"wait", "open"},    {"ask", "open2"},    {"left", "open"},
      {"ask", "open2"},    {"good", "closed"},  {"ask", "closed1"},  {"fail", "closed"},
      {"fail", "closed"},  {"fail", "open"},    {"wait", "open"},    {"ask", "open2"},
      {"wait", "probing"}, {"ask", "probing2"},
  };
  for (const Move& move : moves) EXPECT_EQ(run(move.what), move.expected) << move.what;
}

// Requests that began before it opened come back while the probe runs.
TEST(BreakerCellTest, OnlyTheProbesFailureCounts) {
  BreakerCell cell;
  const BreakerCell::Rule rule{.failures = 1, .reset_ms = 1000};
  cell.on_failure(kNow, rule);
  ASSERT_EQ(cell.enter(kNow + 1000), BreakerCell::Pass::kProbe);
  EXPECT_FALSE(cell.on_failure(kNow + 1001, rule));
  EXPECT_EQ(phase(cell), "probing");
  cell.on_success();
  EXPECT_EQ(phase(cell), "closed");
}

TEST(BreakerCellTest, StaysOpenLongerWithEachCycleBeyondTheThird) {
  BreakerCell cell;
  const BreakerCell::Rule rule{.failures = 1, .reset_ms = 1000};
  int64_t now = kNow;
  for (const int64_t expected : {1, 1, 1, 2, 4, 8, 16, 16, 16}) {
    cell.on_failure(now, rule, true);
    EXPECT_EQ(cell.load().until_ms - now, expected * 1000);
    now = cell.load().until_ms;
    EXPECT_EQ(cell.enter(now), BreakerCell::Pass::kProbe);
  }
}

TEST(BreakerCellTest, OfManyThatAskOneProbes) {
  for (int round = 0; round < 50; ++round) {
    BreakerCell cell;
    cell.on_failure(kNow, {.failures = 1, .reset_ms = 1});
    std::atomic<int> probes{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back(
          [&] { probes += cell.enter(kNow + 1) == BreakerCell::Pass::kProbe ? 1 : 0; });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(probes, 1);
  }
}

TEST(LatencyCellTest, WeighsTheLastWithAFifth) {
  LatencyCell cell;
  EXPECT_EQ(cell.average_us(), 0);
  cell.add(1000);
  EXPECT_EQ(cell.average_us(), 1000);
  cell.add(2000);
  EXPECT_EQ(cell.average_us(), 1200);
  for (int i = 0; i < 100; ++i) cell.add(5000);
  EXPECT_NEAR(static_cast<double>(cell.average_us()), 5000, 10);
  EXPECT_EQ(cell.samples(), 102);
}

TEST(ModelLocksTest, LocksOneModelUntilItsTime) {
  ModelLocks locks;
  EXPECT_EQ(locks.find("a", kNow).until_ms, 0);
  locks.lock("a", kNow, {.until_ms = kNow + 5000, .is_hard = true});
  EXPECT_EQ(locks.find("a", kNow).until_ms, kNow + 5000);
  EXPECT_TRUE(locks.find("a", kNow).is_hard);
  EXPECT_EQ(locks.find("b", kNow).until_ms, 0);
  EXPECT_EQ(locks.find("a", kNow + 5000).until_ms, 0);
  locks.lock("a", kNow, {.until_ms = kNow + 2000});
  EXPECT_EQ(locks.find("a", kNow).until_ms, kNow + 5000) << "the later end wins";
  locks.unlock("a");
  EXPECT_EQ(locks.find("a", kNow).until_ms, 0);
}

TEST(ModelLocksTest, WhenThereIsNoRoomTheFirstToEndGivesWay) {
  ModelLocks locks;
  for (int i = 0; i < 20; ++i)
    locks.lock("m" + std::to_string(i), kNow, {.until_ms = kNow + 1000 * (i + 1)});
  EXPECT_EQ(locks.find("m0", kNow).until_ms, 0);
  EXPECT_EQ(locks.find("m19", kNow).until_ms, kNow + 20000);
}

TEST(SessionPinsTest, KeepsASessionForItsTime) {
  SessionPins pins;
  EXPECT_EQ(pins.find("s", kNow), 0);
  pins.pin("s", short_hash("main"), kNow + 10000);
  EXPECT_EQ(pins.find("s", kNow), short_hash("main"));
  EXPECT_EQ(pins.find("t", kNow), 0);
  EXPECT_EQ(pins.find("s", kNow + 10000), 0);
}

TEST(ModelLocksTest, WhatIsLockedIsListedByHash) {
  ModelLocks locks;
  constexpr int64_t kAt = 1'800'000'000'000;
  EXPECT_TRUE(locks.held(kAt).empty());
  locks.lock("m", kAt, {.until_ms = kAt + 5000, .is_hard = true});
  locks.lock("n", kAt, {.until_ms = kAt + 1000});
  ASSERT_EQ(locks.held(kAt).size(), 2u);
  const auto later = locks.held(kAt + 2000);
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].hash, ModelLocks::hash_of("m"));
  EXPECT_EQ(later[0].lock.until_ms, kAt + 5000);
  EXPECT_TRUE(later[0].lock.is_hard);
}

}  // namespace
}  // namespace omni::routing
