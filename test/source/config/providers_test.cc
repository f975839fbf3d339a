// What the providers, aliases and keys of a file become, and which are refused.
#include <gtest/gtest.h>

#include <string>

#include "test/source/config/fake_world.h"

namespace omni {
namespace {

TEST(ProvidersTest, AnAccountWithoutAKeyIsLeftOutAndTheProviderStays) {
  FakeWorld world;
  const std::string text =
      "providers:\n  - id: openai\n    type: openai\n"
      "    accounts: [{ api_key: \"${OPENAI_API_KEY:-}\" }]\n";
  ASSERT_EQ(world.errors(text), "");
  EXPECT_TRUE(world.load(text).config.providers.at(0).accounts.empty());
  world.environment["OPENAI_API_KEY"] = "sk-7";
  const Provider provider = world.load(text).config.providers.at(0);
  ASSERT_EQ(provider.accounts.size(), 1u);
  EXPECT_EQ(provider.accounts[0].name, "main");
  EXPECT_EQ(provider.accounts[0].header_value.reveal(), "Bearer sk-7");
}

TEST(ProvidersTest, AnEmptyKeyWithoutADefaultIsAnError) {
  FakeWorld world;
  world.environment["EMPTY"] = "";
  EXPECT_EQ(world.errors("providers:\n  - id: o\n    type: openai\n"
                         "    accounts: [{ api_key: \"${EMPTY}\" }]\n"),
            "gateway.yaml:4:27: providers[0].accounts[0].api_key: must not be empty\n");
}

TEST(ProvidersTest, AKeyWithALineEndIsRefusedWithoutShowingIt) {
  FakeWorld world;
  world.environment["KEY"] = "hush-hush\r\nx-evil: 1";
  const std::string errors = world.errors(
      "providers:\n  - id: o\n    type: openai\n    accounts: [{ api_key: \"${KEY}\" }]\n");
  EXPECT_EQ(errors,
            "gateway.yaml:4:27: providers[0].accounts[0].api_key: holds a space, a line end or a "
            "character outside ASCII\n");
}

TEST(ProvidersTest, ACustomProviderNeedsADialectAndABaseUrl) {
  FakeWorld world;
  EXPECT_EQ(world.errors("providers:\n  - { id: mine }\n"),
            "gateway.yaml:2:5: providers[0]: a provider without a type needs a dialect\n"
            "gateway.yaml:2:5: providers[0]: a provider without a type needs a base_url\n");
  const LoadResult result = world.load(
      "providers:\n  - { id: mine, dialect: openai, base_url: \"http://10.0.0.5:8000/v1\" }\n");
  ASSERT_TRUE(result.ok()) << result.errors[0].text();
  const Provider& mine = result.config.providers.at(0);
  EXPECT_EQ(mine.auth, AuthStyle::kNone);
  ASSERT_EQ(mine.accounts.size(), 1u);  // One without a key, so that it can be chosen.
  EXPECT_TRUE(mine.accounts[0].header_name.empty());
  EXPECT_TRUE(mine.base.origin.allow_private);
}

TEST(ProvidersTest, WhetherAModelCallsToolsIsSaidOrKnownOrNot) {
  FakeWorld world;
  const LoadResult result = world.load(
      "providers:\n"
      "  - { id: mine, dialect: openai, base_url: 'https://a.example/v1', auth: none,\n"
      "      models: [{ id: no, tool_calling: false }, { id: yes, tool_calling: true }, { id: x }] "
      "}\n"
      "  - { id: demo, type: demo }\n"
      "  - { id: openai, type: openai, accounts: [{ api_key: k }],\n"
      "      models: [{ id: gpt-5, tool_calling: false }] }\n");
  ASSERT_TRUE(result.ok()) << result.errors[0].text();
  const auto calls = [&](size_t provider, std::string_view model) {
    return result.config.providers.at(provider).find_model(model)->calls_tools;
  };
  EXPECT_EQ(calls(0, "no"), false);
  EXPECT_EQ(calls(0, "yes"), true);
  EXPECT_EQ(calls(0, "x"), std::nullopt);
  EXPECT_EQ(calls(1, "echo"), false) << "the catalogue knows";
  EXPECT_EQ(calls(2, "gpt-4.1"), true);
  EXPECT_EQ(calls(2, "gpt-5"), false) << "the file knows better";
}

TEST(ProvidersTest, ANameMayReachPrivateAddressesOnlyWhenTheFileSaysSo) {
  FakeWorld world;
  const std::string head =
      "providers:\n  - { id: mine, dialect: openai, base_url: \"https://llm.corp/v1\"";
  EXPECT_FALSE(world.load(head + " }\n").config.providers.at(0).base.origin.allow_private);
  EXPECT_TRUE(world.load(head + ", allow_private_network: true }\n")
                  .config.providers.at(0)
                  .base.origin.allow_private);
}

TEST(ProvidersTest, TheAuthStyleDecidesTheHeader) {
  FakeWorld world;
  const auto account = [&](const std::string& auth) {
    const LoadResult result = world.load(
        "providers:\n  - { id: mine, dialect: openai, base_url: \"https://h/v1\", auth: " + auth +
        ", accounts: [{ api_key: \"k\" }] }\n");
    EXPECT_TRUE(result.ok()) << auth;
    return result.config.providers.at(0).accounts.at(0);
  };
  EXPECT_EQ(account("x-api-key").header_name, "x-api-key");
  EXPECT_EQ(account("api-key").header_name, "api-key");
  EXPECT_EQ(account("x-goog-api-key").header_value.reveal(), "k");
  EXPECT_EQ(account("bearer").header_value.reveal(), "Bearer k");
}

TEST(ProvidersTest, MistakesInAProviderAreNamed) {
  FakeWorld world;
  const auto errors = [&](const std::string& rest) {
    return world.errors("providers:\n  - { id: p, " + rest + " }\n");
  };
  EXPECT_EQ(errors("type: openai"),
            "gateway.yaml:2:5: providers[0]: 'accounts' is missing; a provider that needs no key "
            "says auth: none\n");
  EXPECT_EQ(errors("type: openai, accounts: []"),
            "gateway.yaml:2:38: providers[0].accounts: names no account\n");
  EXPECT_EQ(errors("type: openai, base_url: \"http://u:p@h\", auth: none"),
            "gateway.yaml:2:38: providers[0].base_url: the URL must not hold a user name or "
            "password\n");
  EXPECT_EQ(errors("type: openai, auth: basic, accounts: [{ api_key: \"k\" }]"),
            "gateway.yaml:2:34: providers[0].auth: expected one of bearer, x-api-key, "
            "x-goog-api-key, api-key, none, found 'basic'\n");
  EXPECT_EQ(errors("type: openai, accounts: [{ api_key: \"a\" }, { name: main, api_key: \"b\" }]"),
            "gateway.yaml:2:57: providers[0].accounts[1]: another account is named 'main'\n");
  EXPECT_EQ(errors("type: openai, only_models: true, auth: none"),
            "gateway.yaml:2:41: providers[0].only_models: needs at least one entry in models\n");
  EXPECT_EQ(errors("type: openai, auth: none, models: [{ id: a, price: { input: -1 } }]"),
            "gateway.yaml:2:65: providers[0].models[0].price: 'output' is missing\n"
            "gateway.yaml:2:74: providers[0].models[0].price.input: must not be less than 0\n");
  EXPECT_EQ(errors("type: openai, auth: none, http2: true"),
            "gateway.yaml:2:47: providers[0].http2: is for http:// only; with https ALPN "
            "decides\n");
}

TEST(ProvidersTest, ServiceTiersHavePricesOfTheirOwn) {
  FakeWorld world;
  const auto head = [](const std::string& tiers) {
    return "providers:\n  - { id: p, type: openai, auth: none, models: [{ id: a, price: { input: "
           "2, "
           "output: 8, tiers: { " +
           tiers + " } } }] }\n";
  };
  const LoadResult result = world.load(
      head("flex: { input: 1, output: 4, cached: 0.25 }, batch: { input: 0.5, output: 2 }"));
  ASSERT_TRUE(result.ok());
  const std::vector<TierPrice>& tiers = result.config.providers.at(0).find_model("a")->price->tiers;
  ASSERT_EQ(tiers.size(), 2u);
  EXPECT_EQ(tiers[0].tier, ServiceTier::kFlex);
  EXPECT_EQ(tiers[0].price.output, 4);
  EXPECT_EQ(tiers[0].price.cached, 0.25);
  EXPECT_EQ(tiers[1].tier, ServiceTier::kBatch);
  EXPECT_NE(world.errors(head("flex: { input: 1 }")).find("tiers.flex: 'output' is missing"),
            std::string::npos);
  EXPECT_NE(world.errors(head("cheap: { input: 1, output: 1 }")).find("cheap"), std::string::npos);
  EXPECT_NE(world.errors(head("flex: { input: 1, output: 1, tiers: {} }")).find("tiers"),
            std::string::npos);
}

TEST(ProvidersTest, IdsAreChecked) {
  FakeWorld world;
  EXPECT_EQ(world.errors("providers: [{ id: a/b, type: demo }]\n"),
            "gateway.yaml:1:19: providers[0].id: may hold letters, digits, '-', '_' and '.' "
            "only\n");
  EXPECT_EQ(world.errors("providers: [{ id: combo, type: demo }]\n"),
            "gateway.yaml:1:19: providers[0].id: 'combo' is reserved\n");
  EXPECT_EQ(world.errors("providers: [{ id: a, alias: b, type: demo }, { id: b, type: demo }]\n"),
            "gateway.yaml:1:52: providers[1].id: another provider has the id or alias 'b'\n");
}

TEST(ProvidersTest, OnlyModelsReplacesTheCatalogue) {
  FakeWorld world;
  const Provider provider =
      world
          .load(
              "providers: [{ id: o, type: openai, auth: none, only_models: true, models: [{ id: "
              "gpt-x }] }]\n")
          .config.providers.at(0);
  ASSERT_EQ(provider.models.size(), 1u);
  EXPECT_EQ(provider.models[0].id, "gpt-x");
  EXPECT_TRUE(provider.only_models);
}

TEST(AliasesTest, TargetsMustMeanSomething) {
  FakeWorld world;
  const std::string demo = "providers: [{ id: demo, alias: d, type: demo }]\n";
  const auto errors = [&](const std::string& aliases) {
    return world.errors(demo + "aliases:\n" + aliases);
  };
  EXPECT_EQ(errors("  fast: demo/echo\n  quick: fast\n  e: d/echo\n  bare: echo\n"), "");
  EXPECT_EQ(errors("  \"gpt-*\": demo/echo\n  x: gpt-9\n"), "");
  EXPECT_EQ(errors("  fast: dmo/echo\n"),
            "gateway.yaml:3:9: aliases.fast: no provider is named 'dmo'; did you mean 'demo'?\n");
  EXPECT_EQ(errors("  fast: demo/ehco\n"),
            "gateway.yaml:3:9: aliases.fast: demo has no model 'ehco'; did you mean 'echo'?\n");
  EXPECT_EQ(errors("  fast: nothing\n"),
            "gateway.yaml:3:9: aliases.fast: 'nothing' is no alias and no provider lists it; write "
            "provider/model\n");
  EXPECT_EQ(errors("  a: b\n  b: a\n"),
            "gateway.yaml:3:6: aliases.a: this alias leads in a circle, or over more than 8 "
            "others\n"
            "gateway.yaml:4:6: aliases.b: this alias leads in a circle, or over more than 8 "
            "others\n");
}

TEST(KeysTest, NamesAndValuesAreUnique) {
  FakeWorld world;
  EXPECT_EQ(world.errors("keys:\n  - { name: a, key: same }\n  - { name: a, key: other }\n"
                         "  - { name: b, key: same }\n"),
            "gateway.yaml:3:13: keys[1].name: another key is named 'a'\n"
            "gateway.yaml:4:21: keys[2].key: is the same as that of 'a'\n");
}

TEST(NotBuiltTest, FiltersThatAreNotRegisteredAreRefusedUnlessOff) {
  FakeWorld world;
  const auto row = [](const std::string& filter) {
    return "listeners:\n- routes:\n  - match: { prefix: /v1 }\n    filters:\n    - " + filter +
           "\n    - translation: {}\n    - routing: {}\n    - upstream: {}\n";
  };
  const std::string path = "listeners[0].routes[0].filters[0].";
  const std::string no = ": not available in this version\n";
  for (const std::string name : {"idempotency", "cache", "compression", "model_guard"})
    EXPECT_EQ(world.errors(row(name + ": {}")), "gateway.yaml:5:7: " + path + name + no);
  EXPECT_EQ(world.errors(row("compression: { mode: \"off\" }")), "");
  EXPECT_EQ(world.errors(row("compression: { mode: lite }")),
            "gateway.yaml:5:28: " + path + "compression.mode" + no);
}

}  // namespace
}  // namespace omni
