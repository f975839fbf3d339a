#include "source/routing/combo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/source/routing/routing_fixture.h"

namespace omni::routing {
namespace {

using testing::HasSubstr;

struct Maker {
  std::string flatten(const std::string& name) {
    for (const ComboConfig& each : combos) {
      if (each.name != name) continue;
      Combo made;
      const auto failure = Flattener(combos, fleet.list(), aliases).flatten(each, made);
      if (failure) return std::to_string(failure->step) + ": " + failure->message;
      std::string out;
      for (const ComboTarget& target : made.targets)
        out += target.target.provider->id + "=" + std::to_string(target.weight).substr(0, 4) + " ";
      return out;
    }
    return "none";
  }
  test::Fleet fleet{4};
  AliasMap aliases;
  std::vector<ComboConfig> combos;
};

TEST(ComboTest, NestedCombosStandInThePlaceOfTheirStep) {
  Maker maker;
  maker.aliases.emplace("fast", "p3/m");
  maker.combos = {
      {.name = "outer",
       .steps = {{.model = "p0/m", .weight = 1},
                 {.combo = "inner", .weight = 2},
                 {.model = "fast"}}},
      {.name = "inner", .steps = {{.model = "p1/m", .weight = 3}, {.model = "p2/*", .weight = 1}}}};
  EXPECT_EQ(maker.flatten("outer"), "p0=1.00 p1=1.50 p2=0.50 p3=1.00 ");
}

TEST(ComboTest, SaysWhyAStepLeadsNowhere) {
  Maker maker;
  maker.combos = {{.name = "a", .steps = {{.model = "p0/m"}, {.combo = "b"}}},
                  {.name = "b", .steps = {{.combo = "c"}}},
                  {.name = "c", .steps = {{.combo = "b"}}},
                  {.name = "d", .steps = {{.combo = "nobody"}}},
                  {.name = "e", .steps = {{.model = "nobody/*"}}},
                  {.name = "f", .steps = {{.model = "mm"}}},
                  {.name = "g", .steps = {{.model = "p0/m", .account = "zz"}}}};
  EXPECT_EQ(maker.flatten("a"), "1: leads in a circle: a -> b -> c -> b");
  EXPECT_THAT(maker.flatten("d"), HasSubstr("no combo is named 'nobody'"));
  EXPECT_THAT(maker.flatten("e"), HasSubstr("no provider is named 'nobody'"));
  EXPECT_THAT(maker.flatten("f"), HasSubstr("Unable to determine the provider"));
  EXPECT_THAT(maker.flatten("g"), HasSubstr("p0 has no account 'zz'"));
}

// So that one file serves with and without a key in the environment.
TEST(ComboTest, AStepWhoseAccountWasLeftOutIsLeftOut) {
  Maker maker;
  maker.fleet.provider(0).absent_accounts = {"spare"};
  maker.combos = {
      {.name = "a", .steps = {{.model = "p0/m", .account = "spare"}, {.model = "p1/m"}}}};
  EXPECT_EQ(maker.flatten("a"), "p1=1.00 ");
}

TEST(ComboTest, NestingHasAnEnd) {
  Maker maker;
  for (int i = 0; i < 12; ++i)
    maker.combos.push_back(
        {.name = "n" + std::to_string(i), .steps = {{.combo = "n" + std::to_string(i + 1)}}});
  maker.combos.push_back({.name = "n12", .steps = {{.model = "p0/m"}}});
  EXPECT_THAT(maker.flatten("n0"), HasSubstr("is nested more than 10 deep"));
  EXPECT_EQ(maker.flatten("n5"), "p0=1.00 ");
}

TEST(ComboTest, WhatAModelLacksIsOnlyWhatIsKnown) {
  const struct {
    std::string_view what;
    Model model;
    uint8_t lacks;
  } rows[] = {
      {"nothing is known", {.id = "m"}, 0},
      {"it reads text alone", {.id = "m", .inputs = kText}, kImage | kAudio | kVideo | kFile},
      {"it calls tools", {.id = "m", .calls_tools = true}, 0},
      {"it calls none", {.id = "m", .inputs = 31, .calls_tools = false}, kToolCalls}};
  for (const auto& row : rows) {
    test::Fleet fleet(2);
    fleet.provider(0).models[0] = row.model;
    std::vector<Combo> combos;
    combos.push_back(fleet.combo(Strategy::kPriority));
    EXPECT_EQ(combos[0].targets[0].lacks, row.lacks) << row.what;
    EXPECT_EQ(combos[0].targets[1].lacks, 0) << row.what;
    EXPECT_EQ(ComboList(std::move(combos)).all()[0].lacks, row.lacks) << row.what;
  }
}

TEST(ComboTest, IsFoundByNamePrefixAndTheLongestPattern) {
  std::vector<Combo> combos(4);
  combos[0].name = "best";
  combos[1].name = "gpt-*";
  combos[2].name = "gpt-5*";
  combos[3].name = "openai/gpt-5-mini";
  const ComboList list(std::move(combos));
  EXPECT_EQ(list.find("best")->name, "best");
  EXPECT_EQ(list.find("combo/best")->name, "best");
  EXPECT_EQ(list.find("combo/none"), nullptr);
  EXPECT_EQ(list.find("gpt-4o")->name, "gpt-*");
  EXPECT_EQ(list.find("gpt-5-mini")->name, "gpt-5*");
  EXPECT_EQ(list.find("openai/gpt-5-mini")->name, "openai/gpt-5-mini") << "exact names win";
  EXPECT_EQ(list.find("claude"), nullptr);
}

}  // namespace
}  // namespace omni::routing
