#include <gtest/gtest.h>

#include "test/source/config/fake_world.h"

namespace omni {
namespace {

using Mode = llm::ThinkingBudget::Mode;

GatewayConfig good(FakeWorld& world, std::string text) {
  LoadResult result = world.load(std::move(text));
  EXPECT_TRUE(result.ok()) << result.errors.front().text();
  return std::move(result.config);
}

TEST(SettingsTest, ThePromptIsKeptAsItStandsInJson) {
  FakeWorld world;
  const GatewayConfig config = good(
      world,
      "settings:\n  system_prompt: { enabled: true, prompt: \"Say \\\"a\\\".\\nb\", suffix_prompt: "
      "c }\n");
  EXPECT_EQ(config.settings.system_prompt.before, R"(Say \"a\".\nb)");
  EXPECT_EQ(config.settings.system_prompt.after, "c");
  EXPECT_FALSE(
      good(world, "settings: { system_prompt: { prompt: a } }\n").settings.system_prompt.is_on())
      << "not enabled";
}

TEST(SettingsTest, ReceiptsAreOnUnlessTheyAreTurnedOff) {
  FakeWorld world;
  const GatewayConfig plain = good(world, "workers: 1\n");
  EXPECT_TRUE(plain.settings.receipts);
  EXPECT_EQ(plain.storage.receipts_age, absl::Hours(24 * 30));
  const GatewayConfig config =
      good(world,
           "settings: { receipts: false }\n"
           "storage: { retention: { age: 1d, receipts: { age: 7d, size: 2MiB } } }\n");
  EXPECT_FALSE(config.settings.receipts);
  EXPECT_EQ(config.storage.retention_age, absl::Hours(24));
  EXPECT_EQ(config.storage.receipts_age, absl::Hours(24 * 7));
  EXPECT_EQ(config.storage.receipts_bytes, uint64_t{2} << 20);
}

TEST(SettingsTest, ThePromptsErrors) {
  FakeWorld world;
  EXPECT_EQ(world.errors("settings: { system_prompt: { prompt: a, prefix_prompt: b } }\n"),
            "gateway.yaml:1:41: settings.system_prompt.prefix_prompt: is another name of `prompt`: "
            "give one of the two\n");
  EXPECT_EQ(
      world.errors("settings: { system_prompt: { promt: a } }\n"),
      "gateway.yaml:1:30: settings.system_prompt.promt: unknown key; did you mean 'prompt'?\n");
  EXPECT_EQ(
      world.errors("settings: { system_prompt: { prompt: " + std::string(50001, 'x') + " } }\n"),
      "gateway.yaml:1:38: settings.system_prompt.prompt: is longer than 50000 bytes\n");
}

TEST(SettingsTest, TheThinkingBudget) {
  FakeWorld world;
  const std::string text =
      "settings: { thinking_budget: { mode: adaptive, custom_budget: 0, effort_level: high } }\n";
  const llm::ThinkingBudget thinking = good(world, text).settings.thinking;
  EXPECT_EQ(thinking.mode, Mode::kAdaptive);
  EXPECT_EQ(thinking.custom_budget, 0);
  EXPECT_EQ(thinking.base_budget, 131072);
  EXPECT_EQ(world.errors("settings: { thinking_budget: { mode: autp } }\n"),
            "gateway.yaml:1:38: settings.thinking_budget.mode: expected one of passthrough, auto, "
            "custom, adaptive, found 'autp'; did you mean 'auto'?\n");
  EXPECT_EQ(world.errors("settings: { thinking_budget: { mode: auto, bugdet: 1 } }\n"),
            "gateway.yaml:1:44: settings.thinking_budget.bugdet: unknown key\n");
}

}  // namespace
}  // namespace omni
