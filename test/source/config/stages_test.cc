// Combos that ask several of their steps, as the file has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/source/config/fake_world.h"

namespace omni {
namespace {

using routing::StageRole;
using testing::HasSubstr;

const std::string kProviders =
    "providers:\n"
    "  - { id: a, dialect: openai, base_url: 'https://a.example/v1', accounts: [{ api_key: k }],\n"
    "      models: [{ id: m }, { id: n }] }\n"
    "combos:\n";

struct World {
  routing::ComboConfig first(const std::string& combos) {
    LoadResult result = world.load(kProviders + combos);
    EXPECT_TRUE(result.ok()) << (result.errors.empty() ? "" : result.errors[0].text());
    return result.config.combos.empty() ? routing::ComboConfig() : result.config.combos.front();
  }
  std::string errors(const std::string& combos) { return world.errors(kProviders + combos); }
  FakeWorld world;
};

TEST(StagesTest, APanelHasItsRulesAndTheLastStepJudgesUnlessOneIsNamed) {
  World world;
  const routing::ComboConfig plain = world.first(
      "  - { name: x, strategy: fusion, targets: [{ model: a/m }, { model: a/n }, { model: a/m }]"
      " }\n");
  EXPECT_EQ(plain.steps[2].role, StageRole::kJudge);
  EXPECT_EQ(plain.panel.minimum, 2);
  EXPECT_EQ(plain.panel.timeout, absl::Seconds(90));
  EXPECT_EQ(plain.panel.parallel, 8);
  const routing::ComboConfig named = world.first(
      "  - { name: x, strategy: fusion,\n"
      "      targets: [{ model: a/m, judge: true, prompt: Be just. }, { model: a/n }],\n"
      "      config: { panel_timeout: 20s, panel_grace: 5s, panel_parallel: 2 } }\n");
  EXPECT_EQ(named.steps[0].role, StageRole::kJudge);
  EXPECT_EQ(named.steps[0].prompt, "Be just.");
  EXPECT_EQ(named.steps[1].role, StageRole::kStep);
  EXPECT_EQ(named.panel.minimum, 1) << "there are no more";
  EXPECT_EQ(named.panel.grace, absl::Seconds(5));
}

TEST(StagesTest, AHandoffMayNameItsModel) {
  World world;
  const routing::ComboConfig combo = world.first(
      "  - { name: x, strategy: context-relay, targets: [{ model: a/m }],\n"
      "      config: { handoff_model: a/n, handoff_messages: 10, handoff_tokens: 500,\n"
      "                handoff_timeout: 5s } }\n");
  EXPECT_EQ(combo.handoff.threshold, 0.85);
  EXPECT_TRUE(combo.handoff.providers.empty()) << "all";
  ASSERT_EQ(combo.steps.size(), 2u);
  EXPECT_EQ(combo.steps[1].role, StageRole::kSummary);
  EXPECT_EQ(combo.handoff.max_messages, 10);
  EXPECT_EQ(combo.handoff.max_tokens, 500);
  EXPECT_EQ(combo.handoff.timeout, absl::Seconds(5));
}

TEST(StagesTest, AHandoffMaySayWhenAndWhose) {
  World world;
  const routing::ComboConfig combo = world.first(
      "  - { name: x, strategy: context-relay, targets: [{ model: a/m }],\n"
      "      config: { handoff_threshold: 0.6, handoff_providers: [a] } }\n");
  EXPECT_EQ(combo.handoff.threshold, 0.6);
  EXPECT_EQ(combo.handoff.providers, std::vector<std::string>{"a"});
  const auto wrong = [&](const std::string& what) {
    return world.errors(
        "  - { name: x, strategy: context-relay, targets: [{ model: a/m }],\n"
        "      config: { " +
        what + " } }\n");
  };
  EXPECT_THAT(wrong("handoff_threshold: 0.4"), HasSubstr("handoff_threshold"));
  EXPECT_THAT(wrong("handoff_threshold: 0.95"), HasSubstr("must not be more than 0.94"));
  EXPECT_THAT(wrong("handoff_providers: [nope]"),
              HasSubstr("6:36: combos[0].config.handoff_providers: no provider is named 'nope'"));
  EXPECT_THAT(wrong("handoff_providers: [a, a, a, a, a, a, a, a, a, a, a]"),
              HasSubstr("must not have more than 10 entries"));
}

TEST(StagesTest, EveryMistakeIsToldAtItsPlace) {
  World world;
  const std::string at = "gateway.yaml:";
  EXPECT_EQ(world.errors("  - { name: x, strategy: fusion, targets: [{ model: a/m }] }\n"),
            at + "5:43: combos[0].targets: a fusion has at least two\n");
  EXPECT_EQ(world.errors("  - { name: x, strategy: pipeline, targets: [{ model: a/m }] }\n"),
            at + "5:45: combos[0].targets: a pipeline has at least two\n");
  EXPECT_EQ(world.errors("  - { name: x, strategy: fusion, targets: [{ model: a/m, judge: true },\n"
                         "                                       { model: a/n, judge: true }] }\n"),
            at + "5:43: combos[0].targets: one judges, not several\n");
  EXPECT_EQ(world.errors("  - { name: x, strategy: fusion, targets: [{ model: a/m }, { model: a/n "
                         "}],\n      config: { panel_minimum: 2 } }\n"),
            at + "5:43: combos[0].targets: panel_minimum is 2, and beside the judge there is 1\n");
  EXPECT_THAT(world.errors("  - { name: x, targets: [{ model: a/m, judge: true, prompt: y }] }\n"),
              testing::AllOf(HasSubstr("judge: is for the strategy fusion only"),
                             HasSubstr("prompt: is for the strategies fusion and pipeline only")));
  EXPECT_THAT(
      world.errors("  - { name: x, targets: [{ model: a/m }],\n"
                   "      config: { panel_minimum: 1, handoff_tokens: 100 } }\n"),
      testing::AllOf(HasSubstr("6:32: combos[0].config.panel_minimum: is for the strategy fusion"),
                     HasSubstr("handoff_tokens: is for the strategy context-relay only")));
  EXPECT_EQ(world.errors("  - { name: x, strategy: context-relay, targets: [{ model: a/m }],\n"
                         "      config: { handoff_model: nope/x } }\n"),
            at + "6:32: combos[0].config.handoff_model: Unable to determine the provider for "
                 "model 'nope/x'.\n");
}

TEST(StagesTest, WhatAsksSeveralIsNoStepItself) {
  World world;
  for (const std::string strategy : {"fusion", "pipeline"})
    for (const std::string outer : {"fusion", "priority"})
      EXPECT_EQ(world.errors("  - { name: x, strategy: " + outer +
                             ",\n      targets: [{ model: a/m }, { combo: y }] }\n"
                             "  - { name: y, strategy: " +
                             strategy + ", targets: [{ model: a/m }, { model: a/n }] }\n"),
                "gateway.yaml:6:33: combos[0].targets[1]: 'y' is a " + strategy +
                    ", which no combo can have as a step\n");
}

}  // namespace
}  // namespace omni
