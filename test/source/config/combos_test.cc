#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "test/source/config/fake_world.h"

namespace omni {
namespace {

GatewayConfig good(FakeWorld& world, const std::string& text) {
  LoadResult result = world.load(text);
  EXPECT_TRUE(result.ok()) << (result.errors.empty() ? "" : result.errors[0].text());
  return std::move(result.config);
}

const std::string kProviders =
    "providers:\n"
    "  - { id: a, dialect: openai, base_url: 'https://a.example/v1', accounts: [{ api_key: k }],\n"
    "      models: [{ id: m }, { id: n }] }\n"
    "  - { id: b, dialect: openai, base_url: 'https://b.example/v1', only_models: true,\n"
    "      accounts: [{ api_key: k }], models: [{ id: m }] }\n";

TEST(CombosTest, AreReadWithTheirRules) {
  FakeWorld world;
  const GatewayConfig config =
      good(world,
           kProviders +
               "combos:\n"
               "  - name: best\n"
               "    strategy: weighted\n"
               "    targets: [{ model: a/m, weight: 3 }, { model: b/*, account: main }, { combo: "
               "more }]\n"
               "    config: { max_retries: 2, retry_delay: 1s, target_timeout: 30s, timeout: 2m,\n"
               "              fallback_delay: 100ms, sticky_limit: 4 }\n"
               "  - { name: more, targets: [{ model: a/n }] }\n");
  ASSERT_EQ(config.combos.size(), 2u);
  const routing::ComboConfig& best = config.combos[0];
  EXPECT_EQ(best.strategy, routing::Strategy::kWeighted);
  EXPECT_EQ(best.steps[0].weight, 3);
  EXPECT_EQ(best.steps[1].account, "main");
  EXPECT_EQ(best.steps[2].combo, "more");
  EXPECT_EQ(best.rules.max_retries, 2);
  EXPECT_EQ(best.rules.timeout, absl::Minutes(2));
  EXPECT_EQ(best.sticky, 4);
  EXPECT_EQ(config.combos[1].rules.max_retries, 1);
  EXPECT_EQ(config.combos[1].rules.target_timeout, absl::Seconds(120));
}

TEST(CombosTest, EveryMistakeIsToldAtItsPlace) {
  FakeWorld world;
  const auto errors = [&](const std::string& combos) {
    return world.errors(kProviders + "combos:\n" + combos);
  };
  const std::string at = "gateway.yaml:";
  EXPECT_EQ(errors("  - { name: best }\n"), at + "7:5: combos[0]: 'targets' is missing\n");
  EXPECT_EQ(errors("  - { name: auto, targets: [{ model: a/m }] }\n"),
            at + "7:13: combos[0].name: 'auto' is reserved\n");
  EXPECT_EQ(errors("  - { name: x, targets: [{ model: a/m, combo: y }] }\n"),
            at + "7:26: combos[0].targets[0]: a target has either a model or a combo\n");
  EXPECT_EQ(errors("  - { name: x, strategy: wieghted, targets: [{ model: a/m }] }\n"),
            at + "7:26: combos[0].strategy: expected one of priority, weighted, round-robin, "
                 "random, strict-random, least-used, cost-optimized, context-optimized, "
                 "fill-first, p2c, lkgp, cache-optimized, latency, auto, headroom, reset-aware, "
                 "reset-window, fusion, pipeline, context-relay, found 'wieghted'; did you mean "
                 "'weighted'?\n");
  EXPECT_EQ(errors("  - { name: x, targets: [{ model: a/m }, { model: b/none }] }\n"),
            at + "7:42: combos[0].targets[1]: Provider 'b' does not offer the model 'none'.\n");
  EXPECT_EQ(errors("  - { name: x, targets: [{ combo: y }] }\n"
                   "  - { name: y, targets: [{ combo: x }] }\n"),
            at + "7:26: combos[0].targets[0]: leads in a circle: x -> y -> x\n" + at +
                "8:26: combos[1].targets[0]: leads in a circle: y -> x -> y\n");
}

TEST(CombosTest, AutoSaysHowItScores) {
  FakeWorld world;
  const std::string head =
      kProviders + "combos:\n  - { name: x, strategy: auto, targets: [{ model: a/m }], ";
  const GatewayConfig config = good(
      world, head + "config: { mode: fast, task: coding, weights: { cost: 3, health: 1 } } }\n");
  const routing::AutoRule& rule = config.combos[0].scoring;
  EXPECT_EQ(rule.pack, routing::Pack::kShipFast);
  EXPECT_EQ(rule.task, routing::Task::kCoding);
  ASSERT_TRUE(rule.weights);
  EXPECT_EQ((*rule.weights)[static_cast<size_t>(routing::Factor::kCost)], 3);
  const auto error = [&](const std::string& rules) { return world.errors(head + rules); };
  EXPECT_THAT(error("config: { mode: fats } }\n"), testing::HasSubstr("did you mean 'fast'?"));
  EXPECT_THAT(error("config: { weights: { price: 1 } } }\n"), testing::HasSubstr("price"));
  EXPECT_THAT(error("config: { weights: { cost: 0 } } }\n"),
              testing::HasSubstr("one of them must be more than zero"));
  EXPECT_THAT(world.errors(kProviders + "combos:\n  - { name: x, targets: [{ model: a/m }], "
                                        "config: { mode: fast } }\n"),
              testing::HasSubstr("is for the strategy auto only"));
}

TEST(ResilienceTest, SaysHowLongPlacesRest) {
  FakeWorld world;
  const GatewayConfig config =
      good(world,
           "resilience:\n"
           "  cooldown: { api_key_base: 1s, oauth_base: 5s, max: 1m, keep_hints: false }\n"
           "  breaker: { api_key_failures: 3, api_key_reset: 10s }\n"
           "  wait_for_cooldown: { enabled: false, max_retries: 1, max_wait: 5s }\n");
  EXPECT_EQ(config.resilience.cooldown.base_ms, 1000);
  EXPECT_FALSE(config.resilience.keeps_hints);
  EXPECT_EQ(config.resilience.cooldown.max_ms, 60000);
  EXPECT_EQ(config.resilience.breaker.failures, 3);
  EXPECT_EQ(config.resilience.breaker.reset_ms, 10000);
  EXPECT_FALSE(config.resilience.wait.enabled);
  EXPECT_TRUE(good(world, "workers: 1\n").resilience.wait.enabled);
  EXPECT_EQ(world.errors("resilience: { cooldown: { api_key_base: 2m, max: 1m } }\n"),
            "gateway.yaml:1:50: resilience.cooldown.max: must not be less than api_key_base\n");
}

TEST(ResilienceTest, NamesAModelOfLastResortThatExists) {
  FakeWorld world;
  const std::string provider = "providers: [{ id: d, type: demo }]\n";
  const GatewayConfig config =
      good(world, provider + "resilience: { emergency_fallback: { model: d/echo } }\n");
  EXPECT_EQ(config.resilience.emergency.model, "d/echo");
  EXPECT_EQ(config.resilience.emergency.max_tokens, 4096);
  const std::string wrong =
      world.errors(provider + "resilience: { emergency_fallback: { model: x/echo } }\n");
  EXPECT_NE(wrong.find("gateway.yaml:2:44: resilience.emergency_fallback.model:"),
            std::string::npos)
      << wrong;
  EXPECT_NE(world.errors("resilience: { emergency_fallback: { max_tokens: 5 } }\n").find("'model'"),
            std::string::npos);
}

TEST(AccountSpreadTest, IsReadForAProvider) {
  FakeWorld world;
  const GatewayConfig config =
      good(world,
           "providers:\n"
           "  - { id: a, dialect: openai, base_url: 'https://a.example/v1',\n"
           "      account_strategy: round-robin, sticky_limit: 5, session_affinity: 0s,\n"
           "      accounts: [{ name: x, api_key: k }, { name: y, api_key: l }] }\n");
  const Provider& provider = config.providers[0];
  EXPECT_EQ(provider.spread, AccountSpread::kRoundRobin);
  EXPECT_EQ(provider.sticky_limit, 5);
  EXPECT_EQ(provider.session_affinity, absl::ZeroDuration());
  EXPECT_EQ(provider.accounts[1].connection, "a/y");
}

TEST(AccountSpreadTest, EachHasAName) {
  FakeWorld world;
  for (const auto& [name, spread] : {std::pair{"expiry-first", AccountSpread::kExpiryFirst},
                                     std::pair{"p2c", AccountSpread::kPowerOfTwo}}) {
    const GatewayConfig config =
        good(world, std::string("providers:\n"
                                "  - { id: a, dialect: openai, base_url: 'https://a.example/v1',\n"
                                "      account_strategy: ") +
                        name + ", accounts: [{ name: x, api_key: k }] }\n");
    EXPECT_EQ(config.providers[0].spread, spread) << name;
  }
}

}  // namespace
}  // namespace omni
