#include "source/routing/chooser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "source/base/random.h"
#include "test/source/routing/routing_fixture.h"

namespace omni::routing {
namespace {

using test::Fleet;

Fitness good(const ComboTarget&) { return Fitness::kGood; }

uint16_t first(const Combo& combo, const std::vector<uint16_t>& places, uint64_t random,
               std::string_view session = "") {
  Chooser chooser(combo, places, random, session);
  return *chooser.next(good);
}

std::vector<uint16_t> all(const Combo& combo, uint64_t random = 1, std::string_view session = "") {
  const std::vector<uint16_t> places = Fleet::places(combo);
  Chooser chooser(combo, places, random, session);
  std::vector<uint16_t> out;
  while (const auto place = chooser.next(good)) out.push_back(*place);
  return out;
}

TEST(ChooserTest, PriorityAndFillFirstKeepTheConfiguredOrder) {
  Fleet fleet(4);
  const std::vector<uint16_t> expected = {0, 1, 2, 3};
  EXPECT_EQ(all(fleet.combo(Strategy::kPriority)), expected);
  EXPECT_EQ(all(fleet.combo(Strategy::kFillFirst)), expected);
}

TEST(ChooserTest, CostAndContextOrderByWhatIsKnown) {
  Fleet fleet(4);
  fleet.provider(2).models[0].price.reset();
  fleet.provider(1).models[0].context = 0;
  EXPECT_EQ(all(fleet.combo(Strategy::kCostOptimized)), (std::vector<uint16_t>{3, 1, 0, 2}));
  EXPECT_EQ(all(fleet.combo(Strategy::kContextOptimized)), (std::vector<uint16_t>{3, 2, 0, 1}));
}

// Exact across workers: each of four threads takes its share of the same turns.
TEST(ChooserTest, RoundRobinIsExactAcrossWorkers) {
  Fleet fleet(4);
  Combo combo = fleet.combo(Strategy::kRoundRobin);
  combo.sticky = 3;
  const std::vector<uint16_t> places = Fleet::places(combo);
  std::map<uint16_t, int> count;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 3000; ++i) {
        const uint16_t place = first(combo, places, random_word());
        const std::lock_guard lock(mutex);
        ++count[place];
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (uint16_t place = 0; place < 4; ++place) EXPECT_EQ(count[place], 3000);
}

TEST(ChooserTest, RoundRobinGoesOnInACircle) {
  Fleet fleet(3);
  const Combo combo = fleet.combo(Strategy::kRoundRobin);
  EXPECT_EQ(all(combo), (std::vector<uint16_t>{0, 1, 2}));
  EXPECT_EQ(all(combo), (std::vector<uint16_t>{1, 2, 0}));
  EXPECT_EQ(all(combo), (std::vector<uint16_t>{2, 0, 1}));
}

TEST(ChooserTest, StrictRandomDealsADeckToItsEnd) {
  Fleet fleet(5);
  const Combo combo = fleet.combo(Strategy::kStrictRandom);
  const std::vector<uint16_t> places = Fleet::places(combo);
  std::set<std::vector<uint16_t>> orders;
  for (int deck = 0; deck < 50; ++deck) {
    std::vector<uint16_t> order;
    for (int i = 0; i < 5; ++i) order.push_back(first(combo, places, random_word()));
    orders.insert(order);
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, places) << "deck " << deck;
  }
  EXPECT_GT(orders.size(), 25u) << "decks differ";
}

// Pearson's statistic of counts that should follow `shares`.
double chi_squared(const std::vector<int>& counts, const std::vector<double>& shares, int total) {
  double sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (shares[i] == 0) continue;
    const double expected = shares[i] * total;
    sum += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  return sum;
}

TEST(ChooserTest, WeightedDrawsByShareAndNeverWithoutOne) {
  Fleet fleet(4);
  const Combo combo = fleet.combo(Strategy::kWeighted, {5, 3, 2, 0});
  const std::vector<uint16_t> places = Fleet::places(combo);
  std::vector<int> counts(4);
  constexpr int kDraws = 50000;
  for (uint64_t i = 0; i < kDraws; ++i) ++counts[first(combo, places, i * 0x9e3779b97f4a7c15)];
  EXPECT_EQ(counts[3], 0);
  // 13.8: one in a thousand with two degrees of freedom; the draws are the same in every run.
  EXPECT_LT(chi_squared(counts, {0.5, 0.3, 0.2, 0}, kDraws), 13.8);
  // Behind the drawn one the heavier come first, and who has no weight last.
  for (uint64_t random = 0; random < 100; ++random) {
    std::vector<uint16_t> order = all(combo, random);
    EXPECT_EQ(order.back(), 3);
    EXPECT_TRUE(std::is_sorted(order.begin() + 1, order.end()));
  }
}

TEST(ChooserTest, RandomGivesEachTheSameShareAndAnyOrder) {
  Fleet fleet(3);
  const Combo combo = fleet.combo(Strategy::kRandom);
  std::map<std::vector<uint16_t>, int> orders;
  for (uint64_t i = 0; i < 6000; ++i) ++orders[all(combo, i * 0x9e3779b97f4a7c15)];
  ASSERT_EQ(orders.size(), 6u);
  for (const auto& [order, count] : orders) EXPECT_NEAR(count, 1000, 120);
}

TEST(ChooserTest, LeastUsedEvensOut) {
  Fleet fleet(3);
  const Combo combo = fleet.combo(Strategy::kLeastUsed);
  combo.cell->uses[0] = 10;
  combo.cell->uses[1] = 4;
  const std::vector<uint16_t> places = Fleet::places(combo);
  for (int i = 0; i < 16; ++i) first(combo, places, 0);
  for (const uint16_t place : places) EXPECT_EQ(combo.cell->uses[place], 10u);
}

TEST(ChooserTest, LatencyPrefersTheQuickAndTriesTheUnknownOnce) {
  Fleet fleet(3);
  const Combo combo = fleet.combo(Strategy::kLatency);
  const std::vector<uint16_t> places = Fleet::places(combo);
  combo.targets[0].target.cell->first_token.add(900000);
  combo.targets[1].target.cell->first_token.add(200000);
  EXPECT_EQ(first(combo, places, 0), 2) << "never asked";
  combo.targets[2].target.cell->in_flight = 1;
  EXPECT_EQ(first(combo, places, 0), 1) << "one request is finding out";
  combo.targets[2].target.cell->in_flight = 0;
  combo.targets[2].target.cell->first_token.add(100000);
  EXPECT_EQ(all(combo), (std::vector<uint16_t>{2, 1, 0}));
}

TEST(ChooserTest, TheLastKnownGoodComesFirst) {
  Fleet fleet(3);
  const Combo combo = fleet.combo(Strategy::kLastKnownGood);
  EXPECT_EQ(all(combo), (std::vector<uint16_t>{0, 1, 2}));
  combo.cell->last_good = 3;
  EXPECT_EQ(all(combo), (std::vector<uint16_t>{2, 0, 1}));
}

TEST(ChooserTest, OfTwoDrawnTheBetterIsTaken) {
  Fleet fleet(4);
  const Combo combo = fleet.combo(Strategy::kPowerOfTwo);
  const std::vector<uint16_t> places = Fleet::places(combo);
  combo.targets[1].target.cell->in_flight = 50;
  std::vector<int> counts(4);
  for (uint64_t i = 0; i < 6000; ++i) ++counts[first(combo, places, i * 0x9e3779b97f4a7c15)];
  EXPECT_EQ(counts[1], 0) << "whoever it is drawn with is less busy";
  for (const uint16_t place : {0, 2, 3}) EXPECT_NEAR(counts[place], 2000, 200);
}

// One request after the other, each answered or failed as the target does.
std::vector<int> drawn(const Combo& combo, int requests, const std::vector<double>& failing) {
  const std::vector<uint16_t> places = Fleet::places(combo);
  std::vector<int> counts(places.size());
  for (int i = 0; i < requests; ++i) {
    const uint64_t random = mixed(static_cast<uint64_t>(i) + 1);
    const uint16_t place = first(combo, places, random);
    ++counts[place];
    TargetCell& cell = *combo.targets[place].target.cell;
    const bool fails = static_cast<double>(mixed(random) % 1000) < failing[place] * 1000;
    (fails ? cell.failures : cell.successes).fetch_add(1);
    if (!fails) cell.first_token.add(200000 + 10000 * place);
  }
  return counts;
}

// Their histories are never quite the same, and must not decide.
TEST(ChooserTest, EqualTargetsGetEqualSharesOfTwoDrawn) {
  for (const double failing : {0.0, 0.02, 0.2}) {
    for (const size_t size : {3, 5}) {
      Fleet fleet(size);
      const Combo combo = fleet.combo(Strategy::kPowerOfTwo);
      constexpr int kRequests = 20000;
      const std::vector<int> counts = drawn(combo, kRequests, std::vector<double>(size, failing));
      for (const int count : counts)
        EXPECT_NEAR(count * static_cast<double>(size) / kRequests, 1, 0.15)
            << size << " that fail " << failing;
    }
  }
}

TEST(ChooserTest, WhoFailsMoreIsDrawnLessAndNotForgotten) {
  Fleet fleet(4);
  const Combo combo = fleet.combo(Strategy::kPowerOfTwo);
  std::vector<int> counts = drawn(combo, 8000, {0, 0, 0.5, 0});
  EXPECT_LT(counts[2], 500) << "a quarter of an equal share at most";
  for (const uint16_t place : {0, 1, 3}) EXPECT_NEAR(counts[place], 2600, 300);
  counts = drawn(combo, 40000, {0, 0, 0, 0});
  EXPECT_GT(counts[2], 3000) << "it works again";
}

// A conversation stays where its prompt is cached, and only those of a lost target move.
TEST(ChooserTest, CacheOptimizedMovesOnlyWhoMust) {
  Fleet fleet(5);
  const Combo combo = fleet.combo(Strategy::kCacheOptimized);
  const std::vector<uint16_t> places = Fleet::places(combo);
  std::vector<int> counts(5);
  for (int i = 0; i < 5000; ++i) {
    const std::string session = "session-" + std::to_string(i);
    const uint16_t before = first(combo, places, random_word(), session);
    EXPECT_EQ(first(combo, places, random_word(), session), before);
    ++counts[before];
    Chooser chooser(combo, places, random_word(), session);
    const auto now = chooser.next([&](const ComboTarget& target) {
      return &target == &combo.targets[4] ? Fitness::kOut : Fitness::kGood;
    });
    if (before != 4) {
      EXPECT_EQ(now, before);
    }
  }
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
}

TEST(ChooserTest, TheFitComeBeforeTheRestingAndNobodyElse) {
  Fleet fleet(5);
  for (const Strategy strategy :
       {Strategy::kPriority, Strategy::kWeighted, Strategy::kRoundRobin, Strategy::kRandom,
        Strategy::kStrictRandom, Strategy::kLeastUsed, Strategy::kPowerOfTwo,
        Strategy::kLastKnownGood, Strategy::kLatency, Strategy::kCacheOptimized}) {
    const Combo combo = fleet.combo(strategy);
    const std::vector<uint16_t> places = Fleet::places(combo);
    const Fitness fitness[] = {Fitness::kOut, Fitness::kResting, Fitness::kGood, Fitness::kWaiting,
                               Fitness::kUnsuited};
    Chooser chooser(combo, places, random_word(), "s");
    const auto look = [&](const ComboTarget& target) {
      return fitness[static_cast<size_t>(&target - combo.targets.data())];
    };
    EXPECT_EQ(chooser.next(look), 2) << name_of(strategy);
    EXPECT_EQ(chooser.next(look), 4);
    EXPECT_EQ(chooser.next(look), 1);
    EXPECT_EQ(chooser.next(look), std::nullopt);
  }
}

}  // namespace
}  // namespace omni::routing
