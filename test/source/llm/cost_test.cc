#include "source/llm/cost.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace omni::llm {
namespace {

// Of the rules' worked example.
Price full_price() {
  Price price{.input = 2.5, .output = 10};
  price.cached = 1.25;
  price.reasoning = 15;
  price.cache_write = 2.5;
  return price;
}

Price with_audio() {
  Price price{.input = 2.5, .output = 10};
  price.audio_input = 40;
  price.audio_output = 80;
  return price;
}

Price with_hour() {
  Price price{.input = 3, .output = 15};
  price.cached = 0.3;
  price.cache_write = 3.75;
  price.cache_write_1h = 6;
  return price;
}

TEST(CostTest, EachKindOfTokenCostsWhatThePriceSays) {
  const struct {
    const char* what;
    Price price;
    Usage usage;
    int64_t nanos;
  } rows[] = {
      {"the worked example: 0.00425 dollars",
       full_price(),
       {.input = 1000, .output = 200, .cached = 400, .cache_write = 100, .reasoning = 50},
       4'250'000},
      {"what is missing costs as its side",
       {.input = 2, .output = 8},
       {.input = 1000, .output = 200, .cached = 400, .cache_write = 100, .reasoning = 50},
       2'000'000 + 1'600'000},
      {"reasoning beyond the output is counted apart",
       full_price(),
       {.input = 0, .output = 10, .reasoning = 100},
       100'000 + 1'500'000},
      {"more cached than sent is not negative",
       full_price(),
       {.input = 100, .output = 0, .cached = 1000},
       1'250'000},
      {"nothing was said", full_price(), {}, 0},
      {"one token of a cheap model", {.input = 0.05, .output = 0.4}, {.input = 1, .output = 0}, 50},
      {"below a nanodollar it is rounded",
       {.input = 0.0375, .output = 0},
       {.input = 1, .output = 0},
       38},
      {"audio is part of its side",
       with_audio(),
       {.input = 100, .output = 50, .audio_input = 80, .audio_output = 40},
       100 * 2'500 + 80 * 37'500 + 50 * 10'000 + 40 * 70'000},
      {"what is kept for an hour costs more to write",
       with_hour(),
       {.input = 1000, .output = 10, .cached = 200, .cache_write = 300, .cache_write_1h = 100},
       500 * 3'000 + 200 * 300 + 200 * 3'750 + 100 * 6'000 + 10 * 15'000},
      {"a number that no provider means",
       {.input = 1e300, .output = 1},
       {.input = INT64_MAX, .output = INT64_MAX},
       INT64_MAX},
      {"a million of everything",
       {.input = 150, .output = 600},
       {.input = 1'000'000, .output = 1'000'000},
       750'000'000'000},
  };
  for (const auto& row : rows) EXPECT_EQ(cost_of(row.price, row.usage), row.nanos) << row.what;
}

TEST(CostTest, ATierWithAPriceOfItsOwnCostsThat) {
  Price price = full_price();
  price.tiers.push_back({ServiceTier::kFlex, {.input = 1.25, .output = 5}});
  Usage usage{.input = 1000, .output = 200, .cached = 400};
  const int64_t standard = 600 * 2'500 + 400 * 1'250 + 200 * 10'000;
  EXPECT_EQ(cost_of(price, usage), standard);
  usage.tier = ServiceTier::kFlex;
  EXPECT_EQ(cost_of(price, usage), 1000 * 1'250 + 200 * 5'000) << "nothing of the standard price";
  usage.tier = ServiceTier::kPriority;
  EXPECT_EQ(cost_of(price, usage), standard);
}

TEST(CostTest, WhatTheProviderSaysItCostWinsOverThePrice) {
  const Price price = full_price();
  Usage usage{.input = 1000, .output = 200, .cost_nanos = 17};
  EXPECT_EQ(cost_of(&price, usage), 17);
  EXPECT_EQ(cost_of(nullptr, usage), 17);
  usage.cost_nanos = 0;
  EXPECT_EQ(cost_of(&price, usage), 0) << "free is a price";
  usage.cost_nanos = -1;
  EXPECT_EQ(cost_of(&price, usage), cost_of(price, usage));
  EXPECT_EQ(cost_of(nullptr, usage), std::nullopt);
}

TEST(CostTest, APriceIsFoundByTheModelsNameOrItsLastPart) {
  Provider provider;
  provider.models = {{.id = "gpt-5", .price = Price{.input = 1, .output = 2}},
                     {.id = "free"},
                     {.id = "vendor/m", .price = Price{.input = 3, .output = 4}}};
  ASSERT_NE(find_price(provider, "gpt-5"), nullptr);
  EXPECT_EQ(find_price(provider, "openai/gpt-5")->input, 1);
  EXPECT_EQ(find_price(provider, "vendor/m")->input, 3);
  EXPECT_EQ(find_price(provider, "free"), nullptr);
  EXPECT_EQ(find_price(provider, "unknown"), nullptr);
  EXPECT_EQ(find_price(provider, "x/free"), nullptr);
}

TEST(CostTest, DollarsHaveAFixedNumberOfDecimals) {
  EXPECT_EQ(header_dollars(4'250'000), "0.0042500000");
  EXPECT_EQ(dollars(12'000'000'001), "12.000000001");
  EXPECT_EQ(dollars(0), "0.000000000");
}

// Row 34 of the pitfalls counts them once; here they are paid once.
TEST(Pitfalls, Pitfall34_CachedTokensArePaidOnce) {
  const Usage cold{.input = 1000, .output = 0}, warm{.input = 1000, .output = 0, .cached = 1000};
  EXPECT_EQ(cost_of(full_price(), cold), 2 * cost_of(full_price(), warm));
}

}  // namespace
}  // namespace omni::llm
