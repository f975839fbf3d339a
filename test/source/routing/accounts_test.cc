#include "source/routing/accounts.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "test/source/routing/routing_fixture.h"

namespace omni::routing {
namespace {

using test::Fleet;
using test::kNowMs;

struct Pick {
  explicit Pick(Fleet& fleet) : provider(fleet.list().all()[0]) {}
  std::string one(uint64_t random = 0, std::string_view session = "", int64_t now_ms = kNowMs) {
    const AccountChoice found = choose_account({.provider = provider,
                                                .model = "m",
                                                .now_ms = now_ms,
                                                .random = random,
                                                .session = session});
    return found.account != nullptr ? found.account->name : "-";
  }
  AccountCell& cell(size_t index) { return *provider.accounts[index].cell; }
  const Provider& provider;
};

TEST(AccountsTest, FillFirstTakesTheLowestPriorityFirstInTheFileAmongEquals) {
  Fleet fleet(1, 3);
  fleet.provider(0).accounts[0].priority = 2;
  fleet.provider(0).accounts[1].priority = 1;
  fleet.provider(0).accounts[2].priority = 1;
  Pick pick(fleet);
  EXPECT_EQ(pick.one(), "b");
  pick.cell(1).cooldown.begin(kNowMs, {}, 60000, true);
  EXPECT_EQ(pick.one(), "c");
}

TEST(AccountsTest, RoundRobinGivesEachAFewInARow) {
  Fleet fleet(1, 3);
  fleet.provider(0).spread = AccountSpread::kRoundRobin;
  fleet.provider(0).sticky_limit = 2;
  Pick pick(fleet);
  std::string order;
  for (int i = 0; i < 8; ++i) order += pick.one();
  EXPECT_EQ(order, "aabbccaa");
}

TEST(AccountsTest, WeightsAreShares) {
  Fleet fleet(1, 3);
  Provider& provider = fleet.provider(0);
  provider.spread = AccountSpread::kWeighted;
  provider.accounts[0].weight = 7;
  provider.accounts[1].weight = 3;
  provider.accounts[2].weight = 0;
  Pick pick(fleet);
  std::map<std::string, int> counts;
  for (uint64_t i = 0; i < 10000; ++i) ++counts[pick.one(i)];
  EXPECT_EQ(counts["a"], 7000);
  EXPECT_EQ(counts["b"], 3000);
  EXPECT_EQ(counts["c"], 0);
}

TEST(AccountsTest, LeastUsedEvensOut) {
  Fleet fleet(1, 3);
  fleet.provider(0).spread = AccountSpread::kLeastUsed;
  Pick pick(fleet);
  pick.cell(0).uses = 5;
  for (int i = 0; i < 10; ++i) pick.one();
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(pick.cell(i).uses, 5u);
}

TEST(AccountsTest, OfTwoTheLessBusy) {
  Fleet fleet(1, 2);
  fleet.provider(0).spread = AccountSpread::kPowerOfTwo;
  Pick pick(fleet);
  pick.cell(0).in_flight = 3;
  for (uint64_t i = 0; i < 50; ++i) EXPECT_EQ(pick.one(i * 0x9e3779b97f4a7c15), "b");
}

// Its prompt cache is there; elsewhere every token would be paid for again.
TEST(AccountsTest, AConversationStaysWithItsAccountWhileItWorks) {
  Fleet fleet(1, 4);
  fleet.provider(0).spread = AccountSpread::kRoundRobin;
  fleet.provider(0).sticky_limit = 1;
  Pick pick(fleet);
  const std::string mine = pick.one(0, "talk");
  for (int i = 0; i < 7; ++i) {
    pick.one();
    EXPECT_EQ(pick.one(0, "talk"), mine);
  }
  pick.cell(static_cast<size_t>(mine[0] - 'a')).cooldown.begin(kNowMs, {}, 60000, true);
  const std::string other = pick.one(0, "talk");
  EXPECT_NE(other, mine);
  pick.cell(static_cast<size_t>(mine[0] - 'a')).cooldown.restore({});
  EXPECT_EQ(pick.one(0, "talk"), other) << "the cache is warm there now";
  std::set<std::string> later;
  for (int i = 0; i < 4; ++i) later.insert(pick.one(0, "", kNowMs + 301'000));
  EXPECT_EQ(later.size(), 4u);
}

TEST(AccountsTest, SaysWhatStandsInTheWay) {
  Fleet fleet(1, 2);
  Pick pick(fleet);
  const auto look = [&](std::string_view model = "m") {
    return look_at_accounts({.provider = pick.provider, .model = model, .now_ms = kNowMs});
  };
  EXPECT_EQ(look().fitness, Fitness::kGood);
  pick.cell(0).lock("m", kNowMs, {.until_ms = kNowMs + 5000, .is_hard = true});
  pick.cell(1).cooldown.begin(kNowMs, {}, 9000, true);
  EXPECT_EQ(look().fitness, Fitness::kWaiting);
  EXPECT_EQ(look().until_ms, kNowMs + 5000);
  EXPECT_EQ(look("other").fitness, Fitness::kGood);
  pick.cell(0).locks.clear();
  pick.cell(0).cooldown.begin(kNowMs, {}, 0, false);
  EXPECT_EQ(look().fitness, Fitness::kResting);
  for (size_t i = 0; i < 2; ++i) {
    pick.cell(i).cooldown.begin(kNowMs, {}, 3600000, true);
    pick.cell(i).standing = Standing::kOutOfCredits;
  }
  EXPECT_EQ(look().fitness, Fitness::kOut);
  EXPECT_EQ(look().why, "credits_exhausted");
}

}  // namespace
}  // namespace omni::routing
