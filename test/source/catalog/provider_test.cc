#include "source/catalog/provider.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace omni {
namespace {

std::vector<Provider> two_providers() {
  Provider first;
  first.id = "openai";
  first.alias = "oa";
  first.models = {{"gpt-5"}, {"shared"}};
  Provider second;
  second.id = "groq";
  second.models = {{"shared"}};
  return {first, second};
}

TEST(ProviderTest, FindsAProviderByIdAndAlias) {
  const ProviderList list(two_providers());
  ASSERT_NE(list.find("openai"), nullptr);
  EXPECT_EQ(list.find("oa"), list.find("openai"));
  EXPECT_EQ(list.find("nobody"), nullptr);
  EXPECT_EQ(list.find(""), nullptr);
}

TEST(ProviderTest, ListsWhoOffersAModelInFileOrder) {
  const ProviderList list(two_providers());
  const auto both = list.listing("shared");
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0]->id, "openai");
  EXPECT_EQ(both[1]->id, "groq");
  EXPECT_TRUE(list.listing("nothing").empty());
  EXPECT_NE(list.find("openai")->find_model("gpt-5"), nullptr);
  EXPECT_EQ(list.find("openai")->find_model("gpt-6"), nullptr);
}

TEST(ProviderTest, WritesTheCredentialHeaderOfEachStyle) {
  EXPECT_EQ(auth_header_name(AuthStyle::kBearer), "authorization");
  EXPECT_EQ(auth_header_value(AuthStyle::kBearer, "k"), "Bearer k");
  EXPECT_EQ(auth_header_name(AuthStyle::kXApiKey), "x-api-key");
  EXPECT_EQ(auth_header_value(AuthStyle::kXApiKey, "k"), "k");
  EXPECT_EQ(auth_header_name(AuthStyle::kXGoogApiKey), "x-goog-api-key");
  EXPECT_EQ(auth_header_name(AuthStyle::kApiKey), "api-key");
  EXPECT_EQ(auth_header_name(AuthStyle::kNone), "");
  EXPECT_EQ(auth_header_value(AuthStyle::kNone, "k"), "");
}

TEST(ProviderTest, EveryKnownTypeIsUsableAsItStands) {
  std::set<std::string> names;
  for (const std::string& name : provider_type_names()) {
    EXPECT_TRUE(names.insert(name).second) << name << " is listed twice";
    const ProviderType* type = find_provider_type(name);
    ASSERT_NE(type, nullptr) << name;
    if (name != "demo") {
      const auto url = parse_base_url(type->base_url);
      ASSERT_TRUE(url.ok()) << name;
      // Only what runs on this machine is reached without TLS.
      EXPECT_EQ(url->origin.tls, !is_private_literal(url->origin.host)) << name;
    }
    std::set<std::string> models;
    for (const Model& model : type->models)
      EXPECT_TRUE(models.insert(model.id).second) << name << "/" << model.id;
  }
  EXPECT_EQ(find_provider_type("nobody"), nullptr);
}

TEST(ProviderTest, TheDemoOffersEchoAndLorem) {
  const ProviderType* demo = find_provider_type("demo");
  ASSERT_NE(demo, nullptr);
  ASSERT_EQ(demo->models.size(), 2u);
  EXPECT_EQ(demo->models[0].id, "echo");
  EXPECT_EQ(demo->models[1].id, "lorem");
}

TEST(DialectTest, NamesAreThoseOfTheConfigurationFile) {
  for (const char* name : {"openai", "openai-responses", "anthropic", "gemini", "ollama"}) {
    const auto dialect = dialect_from(name);
    ASSERT_TRUE(dialect.has_value()) << name;
    EXPECT_EQ(name_of(*dialect), name);
  }
  EXPECT_FALSE(dialect_from("OpenAI").has_value());
}

}  // namespace
}  // namespace omni
