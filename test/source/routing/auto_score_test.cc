#include "source/routing/auto_score.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "source/base/random.h"
#include "source/routing/auto_pool.h"
#include "source/routing/chooser.h"
#include "source/routing/scorer.h"
#include "test/source/routing/routing_fixture.h"

namespace omni::routing {
namespace {

using test::Fleet;
using test::kNowMs;

// Two targets that are alike until a test says otherwise, scored by one factor alone.
struct Pair {
  explicit Pair(Factor factor, size_t accounts = 1) : fleet(2, accounts), factor_(factor) {
    for (size_t i = 0; i < 2; ++i) fleet.provider(i).models[0] = Model{.id = "m"};
  }
  Combo make() {
    Combo combo = fleet.combo(Strategy::kAuto);
    Weights weights{};
    weights[static_cast<size_t>(factor_)] = 3;
    prepare_scores({.weights = weights}, combo);
    return combo;
  }
  static double of(const Combo& combo, size_t index) {
    return Scorer(combo.weights, Pack::kOwn, {.now_ms = kNowMs}).score(combo.targets[index]);
  }
  Fleet fleet;

 private:
  Factor factor_;
};

TEST(AutoScoreTest, QuotaIsWhatIsLeftOfTheFreestAccount) {
  Pair pair(Factor::kQuota, 2);
  const Combo combo = pair.make();
  const auto& accounts = pair.fleet.list().all()[0].accounts;
  accounts[0].cell->quota.store({.is_known = true, .share = 0.1, .reset_ms = kNowMs + 1000});
  EXPECT_NEAR(Pair::of(combo, 0), 1, 1e-3) << "the other account is free";
  accounts[1].cell->quota.store({.is_known = true, .share = 0.4, .reset_ms = kNowMs + 1000});
  EXPECT_NEAR(Pair::of(combo, 0), 0.4, 1e-3);
  accounts[1].cell->quota.store({.is_known = true, .share = 0.4, .reset_ms = kNowMs});
  EXPECT_NEAR(Pair::of(combo, 0), 1, 1e-3) << "whole again";
}

TEST(AutoScoreTest, HealthIsTheBreakers) {
  Pair pair(Factor::kHealth);
  const Combo combo = pair.make();
  BreakerCell& breaker = pair.fleet.list().all()[0].cell->breaker;
  EXPECT_NEAR(Pair::of(combo, 0), 1, 1e-6);
  breaker.restore({.phase = BreakerState::Phase::kOpen, .until_ms = kNowMs + 1});
  EXPECT_NEAR(Pair::of(combo, 0), 0, 1e-6);
  breaker.restore({.phase = BreakerState::Phase::kOpen, .until_ms = kNowMs});
  EXPECT_NEAR(Pair::of(combo, 0), 0.5, 1e-6);
}

TEST(AutoScoreTest, CostIsComparedInThePool) {
  Pair pair(Factor::kCost);
  pair.fleet.provider(0).models[0].price = Price{.input = 1, .output = 2};
  pair.fleet.provider(1).models[0].price = Price{.input = 2, .output = 1};
  const Combo combo = pair.make();
  EXPECT_NEAR(Pair::of(combo, 0), 1, 1e-6) << "0.6 of the input, 0.4 of the output";
  EXPECT_NEAR(Pair::of(combo, 1), 0, 1e-6);
  Pair unknown(Factor::kCost);
  unknown.fleet.provider(0).models[0].price = Price{.input = 1, .output = 2};
  const Combo other = unknown.make();
  EXPECT_NEAR(Pair::of(other, 0), 1, 1e-6);
  EXPECT_NEAR(Pair::of(other, 1), 0, 1e-6) << "nobody knows whether it is cheap";
}

TEST(AutoScoreTest, LatencyNeedsTenSamples) {
  Pair pair(Factor::kLatency);
  const Combo combo = pair.make();
  TargetCell& cell = *combo.targets[0].target.cell;
  for (int i = 0; i < 9; ++i) cell.first_token.add(500000);
  EXPECT_NEAR(Pair::of(combo, 0), 0.5, 1e-6);
  cell.first_token.add(500000);
  EXPECT_NEAR(Pair::of(combo, 0), 0.75, 1e-3);
}

TEST(AutoScoreTest, StabilityAndIdlenessComeFromWhatRanAndRuns) {
  Pair stable(Factor::kStability);
  const Combo tried = stable.make();
  tried.targets[0].target.cell->failures = 3;
  EXPECT_NEAR(Pair::of(tried, 0), 0.25, 1e-6);
  EXPECT_NEAR(Pair::of(tried, 1), 1, 1e-6);
  Pair idle(Factor::kIdle);
  const Combo busy = idle.make();
  busy.targets[0].target.cell->in_flight = 3;
  EXPECT_NEAR(Pair::of(busy, 0), 0.25, 1e-6);
  EXPECT_NEAR(Pair::of(busy, 1), 1, 1e-6);
}

TEST(AutoScoreTest, ContextAndAccountsComeFromTheConfiguration) {
  Pair context(Factor::kContext);
  context.fleet.provider(0).models[0].context = 1048576;
  context.fleet.provider(1).models[0].context = 8192;
  const Combo sized = context.make();
  EXPECT_NEAR(Pair::of(sized, 0), 1, 1e-6);
  EXPECT_NEAR(Pair::of(sized, 1), 0, 1e-6);
  Pair accounts(Factor::kAccounts, 4);
  accounts.fleet.provider(1).accounts.resize(1);
  const Combo many = accounts.make();
  EXPECT_NEAR(Pair::of(many, 0), 1, 1e-6);
  EXPECT_NEAR(Pair::of(many, 1), 0.25, 1e-6);
}

TEST(AutoScoreTest, ResetIsHowSoonLimitsAreWhole) {
  Pair pair(Factor::kReset);
  const Combo combo = pair.make();
  pair.fleet.list().all()[0].accounts[0].cell->quota.store(
      {.is_known = true, .share = 0.5, .reset_ms = kNowMs + 900 * 1000});
  EXPECT_NEAR(Pair::of(combo, 0), 0.75, 1e-3);
  EXPECT_NEAR(Pair::of(combo, 1), 0, 1e-6);
}

TEST(AutoScoreTest, AModelFitsATaskByItsNameAndItsCatalogueEntry) {
  Model sees{.id = "m", .context = 8192};
  sees.inputs = kText | kImage;
  Model thinks{.id = "m"};
  thinks.price = Price{.input = 1, .output = 1};
  thinks.price->reasoning = 2;
  const struct {
    Task task;
    const Model* model;
    std::string id;
    double fit;
  } rows[] = {{Task::kCoding, nullptr, "qwen3-coder", 1},
              {Task::kCoding, nullptr, "tts-1", 0},
              {Task::kReasoning, nullptr, "o3-mini", 1},
              {Task::kReasoning, nullptr, "gpt-4o", 0},
              {Task::kReasoning, &thinks, "m", 1},
              {Task::kVision, &sees, "m", 1},
              {Task::kVision, nullptr, "vision-of-none", 0},
              {Task::kMultimodal, &sees, "m", 1.0 / 3},
              {Task::kChat, nullptr, "m", 1},
              {Task::kAny, &sees, "m", 1.0 / 3}};
  for (const auto& row : rows)
    EXPECT_NEAR(fit_for(row.task, row.model, row.id), row.fit, 1e-6) << row.id;
}

TEST(AutoScoreTest, EveryPackSumsUpToOneAndRaisesItsFactor) {
  const struct {
    std::string_view name, mode;
    Factor factor;
    float weight;
  } rows[] = {{"ship-fast", "fast", Factor::kLatency, .3048F},
              {"cost-saver", "cheap", Factor::kCost, .3524F},
              {"quality-first", "quality", Factor::kTaskFit, .3524F},
              {"offline-friendly", "offline", Factor::kQuota, .3524F},
              {"reliability-first", "reliable", Factor::kHealth, .3524F},
              {"chaos-mode", "chaos", Factor::kChance, 1}};
  for (const auto& row : rows) {
    const auto pack = pack_from(row.name);
    ASSERT_TRUE(pack) << row.name;
    EXPECT_EQ(pack_from(row.mode), pack);
    const Weights weights = weights_of(*pack);
    EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0), 1, 1e-5);
    EXPECT_NEAR(weights[static_cast<size_t>(row.factor)], row.weight, 1e-5);
  }
  const Weights balanced = weights_of(Pack::kBalanced);
  EXPECT_NEAR(std::accumulate(balanced.begin(), balanced.end(), 0.0), 1, 1e-5);
  EXPECT_FALSE(pack_from("quick"));
}

TEST(AutoScoreTest, TheBestScoreIsTriedFirstAndAPackChangesWhoThatIs) {
  Fleet fleet(3);  // The last is the cheapest and has the largest context.
  const Combo combo = fleet.combo(Strategy::kAuto);
  const std::vector<uint16_t> places = Fleet::places(combo);
  for (int i = 0; i < 10; ++i) {
    combo.targets[0].target.cell->first_token.add(100000);
    combo.targets[2].target.cell->first_token.add(4000000);
  }
  const auto order = [&](Pack pack) {
    Chooser chooser(combo, places, 1, "", kNowMs, pack);
    std::vector<uint16_t> out;
    while (const auto place = chooser.next([](const ComboTarget&) { return Fitness::kGood; }))
      out.push_back(*place);
    return out;
  };
  EXPECT_EQ(order(Pack::kCostSaver).front(), 2);
  EXPECT_EQ(order(Pack::kShipFast).front(), 0);
  EXPECT_EQ(order(Pack::kOwn).size(), 3u);
}

TEST(AutoScoreTest, ChaosGivesEachTheSameShare) {
  Fleet fleet(4);
  const Combo combo = fleet.combo(Strategy::kAuto);
  const std::vector<uint16_t> places = Fleet::places(combo);
  std::map<uint16_t, int> counts;
  for (uint64_t i = 0; i < 8000; ++i) {
    Chooser chooser(combo, places, mixed(i), "", kNowMs, Pack::kChaos);
    ++counts[*chooser.next([](const ComboTarget&) { return Fitness::kGood; })];
  }
  for (uint16_t place = 0; place < 4; ++place) EXPECT_NEAR(counts[place], 2000, 150);
}

// Providers as people have them: two in the cloud, one on this host.
struct Household {
  Household() {
    add("cloud", "api.example.com", {"big", "big-coder"}, 10);
    add("spare", "api.example.org", {"free"}, 0);
    add("local", "127.0.0.1", {"llama"}, -1);
  }
  void add(std::string id, std::string host, std::vector<std::string> models, double price) {
    Provider made;
    made.id = std::move(id);
    made.base.origin.host = std::move(host);
    for (std::string& each : models) {
      Model model{.id = std::move(each)};
      if (price >= 0) model.price = Price{.input = price, .output = price};
      made.models.push_back(std::move(model));
    }
    made.accounts.push_back({.name = "a"});
    providers.push_back(std::move(made));
  }
  std::string pool(std::string_view name) {
    const ProviderList list(providers);
    std::string out;
    for (const Combo& each : make_auto_combos(list)) {
      if (each.name != name) continue;
      for (const ComboTarget& target : each.targets)
        out += target.target.provider->id + "/" + target.target.model + " ";
    }
    return out;
  }
  std::vector<Provider> providers;
};

TEST(AutoPoolTest, HasOneModelOfEachConnectedProvider) {
  Household home;
  EXPECT_EQ(home.pool("auto"), "cloud/big spare/free local/llama ");
  EXPECT_EQ(home.pool("auto/fast"), home.pool("auto"));
  home.providers[0].accounts.clear();
  EXPECT_EQ(home.pool("auto"), "spare/free local/llama ");
}

TEST(AutoPoolTest, ATaskNarrowsItWhereSomebodyFits) {
  Household home;
  EXPECT_EQ(home.pool("auto/coding"), "cloud/big-coder ");
  EXPECT_EQ(home.pool("auto/vision"), home.pool("auto")) << "nobody is known to see";
}

TEST(AutoPoolTest, OfflineAndFreeArePromises) {
  Household home;
  EXPECT_EQ(home.pool("auto/offline"), "local/llama ");
  EXPECT_EQ(home.pool("auto/chat:free"), "spare/free ");
  home.providers.resize(1);
  EXPECT_EQ(home.pool("auto/offline"), "");
  EXPECT_EQ(home.pool("auto/chat:free"), "");
}

TEST(AutoPoolTest, TheDemoStandsInOnlyWhereThereIsNothingElse) {
  Household home;
  Provider demo;
  demo.id = "demo";
  demo.is_demo = true;
  demo.models.push_back({.id = "echo"});
  home.providers.push_back(demo);
  EXPECT_EQ(home.pool("auto/offline"), "local/llama ");
  home.providers = {demo};
  EXPECT_EQ(home.pool("auto"), "demo/echo ");
}

TEST(AutoPoolTest, NamesAreThoseOfOmniRoute) {
  const std::vector<std::string> names = auto_names();
  for (const std::string_view name :
       {"auto", "auto/coding", "auto/fast", "auto/cheap", "auto/offline", "auto/smart", "auto/lkgp",
        "auto/chaos", "auto/reasoning", "auto/multimodal:pro", "auto/coding:floor"})
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
}

}  // namespace
}  // namespace omni::routing
