// What the chain notes of its filters, for the receipt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/support/chain_harness.h"

namespace omni {
namespace {

using test::ChainHarness;
using test::Script;
using testing::ElementsAre;
using State = Step::State;

struct Row {
  Row() {
    harness.exchange.facts().trail.is_on = true;
    c.request_complete = [](FilterContext& context) {
      context.respond_headers({.status = 200});
      context.respond_complete();
      return Next::kContinue;
    };
    for (const Script* script : {&a, &b, &c})
      harness.add(FilterTemplate(
          [script](FilterContext& context) -> std::unique_ptr<Filter> {
            return std::make_unique<test::ScriptedFilter>(*script, context);
          },
          {}, nullptr, script == &a ? "first" : "other"));
  }
  std::vector<State> states() {
    std::vector<State> out;
    for (const Step& step : harness.exchange.facts().trail.steps) out.push_back(step.state);
    return out;
  }
  Trail& trail() { return harness.exchange.facts().trail; }

  Script a, b, c;
  ChainHarness harness;
};

TEST(TrailTest, EveryFilterLetsPassAndTheLastAnswers) {
  Row row;
  row.harness.send("x");
  EXPECT_THAT(row.states(), ElementsAre(State::kPassed, State::kPassed, State::kAnswered));
  EXPECT_EQ(row.trail().steps[0].filter, "first");
  EXPECT_GT(row.trail().steps[0].spent_ns, 0);
}

TEST(TrailTest, ARefusalIsTheFiltersWhoseItIsWithItsWords) {
  Row row;
  row.b.request_headers = [](FilterContext& context) {
    context.reply({.status = 403, .code = "no", .message = "Not you."});
    return Next::kPause;
  };
  row.harness.send("x");
  EXPECT_THAT(row.states(), ElementsAre(State::kPassed, State::kRefused, State::kUnreached));
  EXPECT_EQ(*row.trail().refusal, "Not you.");
}

TEST(TrailTest, WhatAFilterWaitsIsItsTime) {
  Row row;
  FilterContext* paused = nullptr;
  row.b.request_headers = [&](FilterContext& context) {
    paused = &context;
    return Next::kPause;
  };
  row.harness.send("x");
  EXPECT_THAT(row.states(), ElementsAre(State::kPassed, State::kWaiting, State::kUnreached));
  row.harness.exchange.loop().advance(absl::Milliseconds(30));
  paused->resume_request();
  EXPECT_THAT(row.states(), ElementsAre(State::kPassed, State::kPassed, State::kAnswered));
  EXPECT_GE(row.trail().steps[1].spent_ns, 30'000'000);
  EXPECT_LT(row.trail().steps[2].spent_ns, 30'000'000);
}

// It may quote the prompt.
TEST(TrailTest, WhatAProviderSaysIsNotKept) {
  Row row;
  row.c.request_complete = [](FilterContext& context) {
    context.exchange().facts().attempts.emplace_back();
    context.reply({.status = 502, .code = "x", .message = "the provider's words"});
    return Next::kPause;
  };
  row.harness.send("x");
  EXPECT_EQ(*row.trail().refusal, "");
  EXPECT_EQ(row.states().back(), State::kRefused);
}

TEST(TrailTest, NothingIsNotedWhereThereIsNoReceipt) {
  Row row;
  row.trail().is_on = false;
  row.b.request_headers = [](FilterContext& context) {
    context.reply({.status = 403, .code = "no", .message = "Not you."});
    return Next::kPause;
  };
  row.harness.send("x");
  EXPECT_TRUE(row.trail().steps.empty());
  EXPECT_EQ(*row.trail().refusal, "");
}

}  // namespace
}  // namespace omni
