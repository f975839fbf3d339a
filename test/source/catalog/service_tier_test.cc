#include "source/catalog/service_tier.h"

#include <gtest/gtest.h>

#include "source/catalog/provider.h"

namespace omni {
namespace {

TEST(ServiceTierTest, VendorsWordsAreUnderstood) {
  const struct {
    std::string_view word;
    ServiceTier tier;
  } rows[] = {{"flex", ServiceTier::kFlex},
              {"priority", ServiceTier::kPriority},
              {"fast", ServiceTier::kPriority},
              {"batch", ServiceTier::kBatch},
              {"scale", ServiceTier::kScale},
              {"performance", ServiceTier::kPerformance},
              {"ultrafast", ServiceTier::kUltrafast},
              {"SERVICE_TIER_PRIORITY", ServiceTier::kPriority},
              {"SERVICE_TIER_UNSPECIFIED", ServiceTier::kUnsaid},
              {"ON_DEMAND_FLEX", ServiceTier::kFlex},
              {"ON_DEMAND_PRIORITY", ServiceTier::kPriority},
              {"ON_DEMAND", ServiceTier::kStandard},
              {"PROVISIONED_THROUGHPUT", ServiceTier::kStandard},
              {"default", ServiceTier::kStandard},
              {"standard_only", ServiceTier::kStandard},
              {"what is this", ServiceTier::kStandard},
              {"auto", ServiceTier::kUnsaid},
              {"", ServiceTier::kUnsaid}};
  for (const auto& row : rows) EXPECT_EQ(service_tier_from(row.word), row.tier) << row.word;
}

TEST(ServiceTierTest, EachWithAPriceHasANameThatIsRead) {
  for (const ServiceTier tier : kPricedTiers)
    EXPECT_EQ(service_tier_from(name_of(tier)), tier) << name_of(tier);
  EXPECT_EQ(name_of(ServiceTier::kStandard), "standard");
}

TEST(ServiceTierTest, ATierWithoutAPriceOfItsOwnCostsTheStandardOne) {
  Price price{.input = 2};
  price.tiers.push_back({ServiceTier::kFlex, {.input = 1}});
  EXPECT_EQ(price_in(price, ServiceTier::kFlex).input, 1);
  for (const ServiceTier tier :
       {ServiceTier::kUnsaid, ServiceTier::kStandard, ServiceTier::kPriority})
    EXPECT_EQ(&price_in(price, tier), &price);
}

TEST(ServiceTierTest, TheCatalogueKnowsWhatOpenaiTakesForOthers) {
  const ProviderType* openai = find_provider_type("openai");
  ASSERT_NE(openai, nullptr);
  for (const Model& model : openai->models) {
    ASSERT_TRUE(model.price) << model.id;
    for (const TierPrice& other : model.price->tiers) {
      const bool is_flex = other.tier == ServiceTier::kFlex;
      EXPECT_TRUE(is_flex || other.tier == ServiceTier::kPriority) << model.id;
      if (is_flex)
        EXPECT_DOUBLE_EQ(other.price.output * 2, model.price->output) << model.id;
      else
        EXPECT_GT(other.price.output, model.price->output) << model.id;
      EXPECT_TRUE(other.price.cached) << model.id;
    }
  }
}

}  // namespace
}  // namespace omni
