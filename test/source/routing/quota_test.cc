#include "source/routing/quota.h"

#include <gtest/gtest.h>

#include <string_view>
#include <utility>
#include <vector>

#include "source/routing/accounts.h"
#include "source/routing/chooser.h"
#include "test/source/routing/routing_fixture.h"

namespace omni::routing {
namespace {

using test::Fleet;
using test::kNowMs;

const absl::Time kNow = absl::FromUnixMillis(kNowMs);

QuotaState read(const std::vector<std::pair<std::string_view, std::string_view>>& headers) {
  QuotaReader reader;
  for (const auto& [name, value] : headers) reader.read(name, value, kNow);
  return reader.scarcest(kNow);
}

TEST(QuotaReaderTest, TakesTheScarcestOfWhatIsSaid) {
  const QuotaState openai = read({{"x-ratelimit-limit-requests", "100"},
                                  {"x-ratelimit-remaining-requests", "80"},
                                  {"x-ratelimit-reset-requests", "6m0s"},
                                  {"x-ratelimit-limit-tokens", "1000"},
                                  {"x-ratelimit-remaining-tokens", "250"},
                                  {"x-ratelimit-reset-tokens", "1.5s"},
                                  {"content-type", "application/json"}});
  EXPECT_TRUE(openai.is_known);
  EXPECT_DOUBLE_EQ(openai.share, 0.25);
  EXPECT_EQ(openai.reset_ms, kNowMs + 1500);
  const std::string reset =
      absl::FormatTime(absl::RFC3339_full, kNow + absl::Seconds(30), absl::UTCTimeZone());
  const QuotaState anthropic = read({{"anthropic-ratelimit-requests-limit", "50"},
                                     {"anthropic-ratelimit-requests-remaining", "0"},
                                     {"anthropic-ratelimit-requests-reset", reset},
                                     {"anthropic-ratelimit-input-tokens-limit", "50"},
                                     {"anthropic-ratelimit-input-tokens-remaining", "5"},
                                     {"anthropic-ratelimit-input-tokens-reset", reset}});
  EXPECT_EQ(anthropic.share, 0);
  EXPECT_EQ(anthropic.reset_ms, kNowMs + 30000);
}

TEST(QuotaReaderTest, ResetsComeInManyForms) {
  const struct {
    std::string_view said;
    int64_t after_ms;
  } rows[] = {{"20ms", 20},
              {"1h2m3s", 3723000},
              {"60", 60000},
              {"0.5", 500},
              {"1800000010", 10000},
              {"1800000005000", 5000},
              {"soon", QuotaReader::kUnsaidMs}};
  for (const auto& row : rows)
    EXPECT_EQ(read({{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", row.said}}).reset_ms,
              kNowMs + row.after_ms)
        << row.said;
}

TEST(QuotaReaderTest, NotesEachLimitInTheProvidersWords) {
  std::array<LimitCell, kLimitKinds> cells;
  QuotaReader reader;
  reader.read("x-ratelimit-limit-requests", "100", kNow);
  reader.read("x-ratelimit-remaining-requests", "80", kNow);
  reader.read("x-ratelimit-reset-requests", "6m0s", kNow);
  reader.read("x-ratelimit-remaining-tokens", "1e300", kNow);
  reader.note(cells);
  EXPECT_EQ(cells[0].limit, 100);
  EXPECT_EQ(cells[0].remaining, 80);
  EXPECT_EQ(cells[0].reset_ms, kNowMs + 360000);
  EXPECT_EQ(cells[1].limit, -1) << "nobody said it";
  EXPECT_GT(cells[1].remaining, 0);
  EXPECT_EQ(cells[2].remaining, -1);
  QuotaReader later;
  later.read("x-ratelimit-remaining-requests", "79", kNow);
  later.note(cells);
  EXPECT_EQ(cells[0].limit, 100) << "what was not said again stays";
  EXPECT_EQ(cells[0].remaining, 79);
  EXPECT_EQ(cells[0].reset_ms, 0) << "the old end is not that of the new count";
}

TEST(QuotaReaderTest, WhatMakesNoSenseIsNotBelieved) {
  EXPECT_FALSE(read({}).is_known);
  EXPECT_FALSE(read({{"x-ratelimit-remaining-requests", "9"}}).is_known) << "of how many?";
  EXPECT_FALSE(read({{"x-ratelimit-limit-requests", "0"}, {"x-ratelimit-remaining-requests", "0"}})
                   .is_known);
  EXPECT_FALSE(read({{"x-ratelimit-limit-requests", "9"}, {"x-ratelimit-remaining-requests", "-1"}})
                   .is_known);
  EXPECT_FALSE(read({{"x-ratelimit-", "1"}, {"anthropic-ratelimit-", "1"}}).is_known);
  EXPECT_FALSE(read({{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "0"}}).is_known);
  EXPECT_EQ(read({{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "999h"}}).reset_ms,
            kNowMs + QuotaReader::kLongestMs);
}

TEST(QuotaCellTest, ALittleIsNotNothing) {
  QuotaCell cell;
  EXPECT_FALSE(cell.load(kNowMs).is_known);
  EXPECT_FALSE(cell.may_be_scarce());
  cell.store({.is_known = true, .share = QuotaCell::kScarce, .reset_ms = kNowMs + 10});
  EXPECT_FALSE(cell.may_be_scarce());
  cell.store({.is_known = true, .share = 1e-6, .reset_ms = kNowMs + 10});
  EXPECT_TRUE(cell.may_be_scarce());
  EXPECT_GT(cell.load(kNowMs).share, 0);
  cell.store({.is_known = true, .share = 0, .reset_ms = kNowMs + 10});
  EXPECT_TRUE(cell.may_be_scarce());
  EXPECT_EQ(cell.load(kNowMs).share, 0);
  EXPECT_TRUE(cell.load(kNowMs + 9).is_known);
  EXPECT_FALSE(cell.load(kNowMs + 10).is_known);
}

std::vector<uint16_t> order(const Combo& combo) {
  const std::vector<uint16_t> places = Fleet::places(combo);
  Chooser chooser(combo, places, 1, "", kNowMs);
  std::vector<uint16_t> out;
  while (const auto place = chooser.next([](const ComboTarget&) { return Fitness::kGood; }))
    out.push_back(*place);
  return out;
}

TEST(QuotaTest, StrategiesOrderByWhatIsLeftAndWhenItIsWhole) {
  Fleet fleet(4);
  const auto set = [&](size_t at, double share, int64_t after_ms) {
    fleet.list().all()[at].accounts[0].cell->quota.store(
        {.is_known = true, .share = share, .reset_ms = kNowMs + after_ms});
  };
  fleet.list();
  set(0, 0.3, 60000);
  set(1, 0.9, 3600000);
  set(2, 0.05, 1000);
  // Of the fourth nothing is known.
  EXPECT_EQ(order(fleet.combo(Strategy::kHeadroom)), (std::vector<uint16_t>{3, 1, 0, 2}));
  EXPECT_EQ(order(fleet.combo(Strategy::kResetWindow)), (std::vector<uint16_t>{2, 0, 1, 3}));
  const std::vector<uint16_t> aware = order(fleet.combo(Strategy::kResetAware));
  EXPECT_EQ(aware.back(), 2) << "what is nearly spent is kept for the last";
}

// What is left of the limit that ends first is lost first.
TEST(QuotaTest, ExpiryFirstTakesTheAccountThatIsWholeAgainSoonest) {
  struct Known {
    double share = -1;  // Negative: nothing is known.
    int64_t after_ms = 0;
  };
  const struct {
    std::string_view what;
    Known known[3];
    std::string_view picked;
  } rows[] = {
      {"nothing is known of any: the lowest priority number", {}, "a"},
      {"the soonest", {{0.9, 60000}, {0.5, 5000}, {0.7, 30000}}, "b"},
      {"however little is left, so long as it is something", {{0.9, 60000}, {0.03, 5000}}, "b"},
      {"who has nothing left is not asked", {{0.9, 60000}, {0, 5000}, {0.7, 30000}}, "c"},
      {"who has next to nothing left comes last", {{0.9, 60000}, {0.01, 5000}, {}}, "a"},
      {"what is known goes before what is not", {{}, {}, {0.2, 3600000}}, "c"},
      {"what is over is not known any more", {{0.5, -1}, {0.5, 9000}, {}}, "b"},
      {"of equals the lowest priority number", {{}, {0.4, 8000}, {0.9, 8000}}, "b"},
      {"all are spent", {{0, 5000}, {0, 6000}, {0, 7000}}, "quota_exhausted"},
  };
  for (const auto& row : rows) {
    Fleet fleet(1, 3);
    fleet.provider(0).spread = AccountSpread::kExpiryFirst;
    const Provider& provider = fleet.list().all()[0];
    for (size_t i = 0; i < 3; ++i)
      if (row.known[i].share >= 0)
        provider.accounts[i].cell->quota.store({.is_known = true,
                                                .share = row.known[i].share,
                                                .reset_ms = kNowMs + row.known[i].after_ms});
    const AccountChoice out =
        choose_account({.provider = provider, .model = "m", .now_ms = kNowMs});
    EXPECT_EQ(out.account != nullptr ? std::string_view(out.account->name) : out.why, row.picked)
        << row.what;
  }
}

TEST(QuotaTest, AnAccountThatIsSpentIsSkippedUntilItsReset) {
  Fleet fleet(1, 2);
  const Provider& provider = fleet.list().all()[0];
  const auto choose = [&](int64_t now_ms) {
    const AccountChoice out =
        choose_account({.provider = provider, .model = "m", .now_ms = now_ms});
    return out.account != nullptr ? out.account->name : std::string(out.why);
  };
  provider.accounts[0].cell->quota.store({.is_known = true, .share = 0, .reset_ms = kNowMs + 5000});
  EXPECT_EQ(choose(kNowMs), "b");
  provider.accounts[1].cell->quota.store({.is_known = true, .share = 0, .reset_ms = kNowMs + 9000});
  EXPECT_EQ(choose(kNowMs), "quota_exhausted");
  const AccountChoice none =
      look_at_accounts({.provider = provider, .model = "m", .now_ms = kNowMs});
  EXPECT_EQ(none.fitness, Fitness::kWaiting);
  EXPECT_EQ(none.until_ms, kNowMs + 5000);
  EXPECT_EQ(choose(kNowMs + 5000), "a");
}

TEST(QuotaTest, AnAccountThatHasLittleLeftIsAskedWhenNoOtherIs) {
  Fleet fleet(1, 2);
  const Provider& provider = fleet.list().all()[0];
  const auto choose = [&](int64_t now_ms) {
    const AccountChoice out =
        choose_account({.provider = provider, .model = "m", .now_ms = now_ms});
    return out.account != nullptr ? out.account->name : std::string(out.why);
  };
  const auto set = [&](size_t at, double share) {
    provider.accounts[at].cell->quota.store(
        {.is_known = true, .share = share, .reset_ms = kNowMs + 5000});
  };
  set(0, 0.01);
  EXPECT_EQ(choose(kNowMs), "b");
  EXPECT_EQ(choose(kNowMs + 5000), "a");
  set(1, 0);
  EXPECT_EQ(choose(kNowMs), "a") << "what is left is there to be used";
}

TEST(QuotaTest, IsKnownAfterARestart) {
  Fleet fleet(1, 3);
  const auto& accounts = fleet.list().all()[0].accounts;
  accounts[0].cell->quota.store({.is_known = true, .share = 0, .reset_ms = kNowMs + 20000});
  accounts[1].cell->quota.store({.is_known = true, .share = 0.42, .reset_ms = kNowMs + 300000});
  accounts[2].cell->quota.store({.is_known = true, .share = 0.42, .reset_ms = kNowMs + 20000});
  const auto saved = fleet.cells.save(kNowMs);
  ASSERT_EQ(saved.size(), 2u) << "the third is whole again before it matters";
  Fleet next(1, 3);
  for (const auto& each : saved) next.cells.restore(each, kNowMs + 1000);
  const auto& again = next.list().all()[0].accounts;
  EXPECT_TRUE(again[0].cell->quota.may_be_scarce());
  EXPECT_FALSE(again[0].cell->quota.load(kNowMs + 20000).is_known);
  EXPECT_NEAR(again[1].cell->quota.load(kNowMs + 1000).share, 0.45, 0.01);
  EXPECT_FALSE(again[1].cell->cooldown.is_cooling(kNowMs));
  next.cells.reset();
  EXPECT_FALSE(again[0].cell->quota.may_be_scarce());
}

}  // namespace
}  // namespace omni::routing
