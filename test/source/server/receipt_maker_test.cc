#include "source/server/receipt_maker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "api/cost.h"
#include "source/catalog/price_list.h"
#include "test/support/fake_exchange.h"
#include "test/support/test_snapshot.h"

namespace omni {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using End = ReceiptTry::End;
using State = ReceiptStep::State;

// An exchange that its second target answered; a third one was passed over.
struct Done {
  Done() {
    exchange.read_chat(R"({"model":"fast","messages":["a secret thought"]})");
    exchange.request().target = "/v1/chat/completions?key=sk-in-the-query";
    exchange.request().headers.add("authorization", "Bearer sk-client-secret");
    Facts& facts = exchange.facts();
    facts.trail.is_on = true;
    facts.principal.key = &key;
    facts.plan.targets.push_back({&one(), &one().accounts[0], "m"});
    facts.answer = {.source = Answer::Source::kUpstream, .is_committed = true};
    facts.answer.provider = &two();
    facts.answer.account = "main";
    facts.answer.model = "m";
    facts.usage = {.input = 1000, .output = 200, .cached = 400};
    facts.attempts.push_back({.provider = &one(),
                              .account = "main",
                              .model = "m",
                              .status = 500,
                              .reason = "refused",
                              .start_us = 10,
                              .total_us = 7,
                              .upstream_id = ShortText("up-1")});
    facts.attempts.push_back({.provider = &two(),
                              .account = "main",
                              .model = "m",
                              .status = 200,
                              .start_us = 20,
                              .first_byte_us = 5,
                              .total_us = 9});
    facts.trail.skipped.push_back(
        {&three(), &three().accounts[0], "m", "cooling_down", absl::ToUnixMillis(now) + 1500});
    facts.trail.steps.resize(4);
    facts.trail.steps[0] = {.filter = "auth", .state = Step::State::kPassed, .spent_ns = 300};
    facts.trail.steps[1] = {.filter = "translation"};
    facts.trail.steps[2] = {.filter = "routing", .state = Step::State::kPassed, .spent_ns = 900};
    facts.trail.steps[3] = {.filter = "upstream", .state = Step::State::kAnswered};
  }
  const Provider& one() { return exchange.snapshot().providers->all()[0]; }
  const Provider& two() { return exchange.snapshot().providers->all()[1]; }
  const Provider& three() { return exchange.snapshot().providers->all()[2]; }
  Finished finished() {
    return {.exchange = exchange,
            .peer = "127.0.0.1:4711",
            .protocol = "HTTP/1.1",
            .status = status,
            .bytes_in = 10,
            .bytes_out = 20,
            .aborted = aborted,
            .phases = {.request_complete = 1, .first_byte = 30, .end = 40},
            .at = now};
  }
  const Receipt& made() {
    fill_receipt(finished(), price_of(exchange.facts().answer), receipt);
    return receipt;
  }
  static std::shared_ptr<Snapshot> snapshot() {
    test::SnapshotBuilder builder;
    for (const char* name : {"one", "two", "three"}) builder.provider(name, {"m", "free"});
    builder.last();
    auto out = builder.build();
    out->source_hash = "0123456789abcdef0123456789abcdef";
    return out;
  }

  absl::Time now = absl::FromUnixSeconds(1'750'000'000);
  int status = 200;
  bool aborted = false;
  GatewayKey key{.id = "k1", .name = "ci"};
  test::FakeExchange exchange{snapshot()};
  Receipt receipt;
};

TEST(ReceiptMakerTest, EveryTargetIsThereTriedOrNot) {
  Done done;
  const Receipt& receipt = done.made();
  ASSERT_EQ(receipt.tries.size(), 2u);
  EXPECT_EQ(receipt.tries[0].provider, "one");
  EXPECT_EQ(receipt.tries[0].end, End::kFailed);
  EXPECT_EQ(receipt.tries[0].upstream_id, "up-1");
  EXPECT_EQ(receipt.tries[1].end, End::kAnswered);
  EXPECT_EQ(receipt.answered, 2u);
  ASSERT_EQ(receipt.skips.size(), 1u);
  EXPECT_EQ(receipt.skips[0].provider, "three");
  EXPECT_EQ(receipt.skips[0].left_ms, 1500u);
  EXPECT_EQ(receipt.key_name, "ci");
  EXPECT_EQ(receipt.model_asked, "fast");
  EXPECT_EQ(receipt.total_us, 41u);
}

TEST(ReceiptMakerTest, WhoWasTriedIsNotSaidToBePassedOver) {
  Done done;
  done.exchange.facts().trail.skipped.push_back(
      {&done.one(), &done.one().accounts[0], "m", "cooling_down", 0});
  EXPECT_EQ(done.made().skips.size(), 1u);
}

TEST(ReceiptMakerTest, WhoIsNotAskedOnTheWayInLetsPass) {
  Done done;
  EXPECT_EQ(done.made().steps[1].state, State::kPassed);
  auto& steps = done.exchange.facts().trail.steps;
  steps[0].state = Step::State::kRefused;
  steps[2].state = steps[3].state = Step::State::kUnreached;
  EXPECT_EQ(done.made().steps[1].state, State::kUnreached);
}

TEST(ReceiptMakerTest, AttemptsThatTheExchangeDidNotOutliveAreCut) {
  Done done;
  done.aborted = true;
  const Target target{&done.three(), &done.three().accounts[0], "m"};
  done.exchange.facts().trail.underway[1] = {&target, 25};
  const Receipt& receipt = done.made();
  ASSERT_EQ(receipt.tries.size(), 3u);
  EXPECT_EQ(receipt.tries[2].end, End::kCut);
  EXPECT_EQ(receipt.tries[2].reason, "client_left");
  EXPECT_TRUE(receipt.tries[2].is_hedge);
  EXPECT_EQ(receipt.tries[2].total_us, 15u);
  EXPECT_TRUE(receipt.has(Receipt::kAborted));
}

TEST(ReceiptMakerTest, ThePriceAndWhereItIsFromAreTold) {
  Done done;
  EXPECT_EQ(done.made().price.source, ReceiptPrice::Source::kNone);
  EXPECT_FALSE(done.receipt.cost_nanodollars.has_value());
  test::SnapshotBuilder builder;
  builder.provider("one", {"m"});
  builder.last().models[0].price =
      Price{.input = 2, .output = 10, .cached = 0.5, .is_configured = true};
  auto snapshot = builder.build();
  snapshot->source_hash = "0123456789abcdef";
  test::FakeExchange exchange(snapshot);
  Facts& facts = exchange.facts();
  facts.answer.provider = &snapshot->providers->all()[0];
  facts.answer.model = "m";
  facts.usage = {.input = 1000, .output = 200, .cached = 400};
  Receipt receipt;
  fill_receipt({.exchange = exchange, .peer = "x", .protocol = "HTTP/2"}, price_of(facts.answer),
               receipt);
  EXPECT_EQ(receipt.price.source, ReceiptPrice::Source::kFile);
  EXPECT_EQ(receipt.price.version, "0123456789ab");
  EXPECT_EQ(receipt.price.rates[0], 2'000'000u);
  EXPECT_EQ(receipt.price.rates[2], 500'000u);
  EXPECT_FALSE(receipt.price.rates[3].has_value());
  EXPECT_EQ(receipt.cost_nanodollars, 3'400'000u);
  EXPECT_EQ(price_list_version().size(), 8u);
}

Price with_flex() {
  Price price{.input = 2, .output = 10};
  price.tiers.push_back({ServiceTier::kFlex, {.input = 1, .output = 5}});
  price.tiers.push_back({ServiceTier::kPriority, {.input = 4, .output = 20}});
  return price;
}

TEST(ReceiptMakerTest, TheTierThatTheAnswerNamesWinsOverTheOneThatWasAskedFor) {
  Done done;
  done.exchange.read_chat(R"({"model":"fast","service_tier":"flex","messages":[]})");
  Facts& facts = done.exchange.facts();
  const Price price = with_flex();
  const auto made = [&]() -> const Receipt& {
    fill_receipt(done.finished(), &price, done.receipt);
    return done.receipt;
  };
  facts.usage = {.input = 1000, .output = 100};
  EXPECT_EQ(made().price.tier, ServiceTier::kFlex) << "the answer names none";
  EXPECT_EQ(done.receipt.price.rates[0], 1'000'000u);
  EXPECT_EQ(done.receipt.cost_nanodollars, 1'500'000u);
  facts.answer.tier = ServiceTier::kPriority;
  EXPECT_EQ(made().cost_nanodollars, 6'000'000u) << "its head does";
  facts.usage.tier = ServiceTier::kStandard;
  EXPECT_EQ(made().cost_nanodollars, 3'000'000u) << "the answer itself does";
  EXPECT_EQ(done.receipt.price.tier, ServiceTier::kStandard);
  EXPECT_EQ(done.receipt.price.rates[0], 2'000'000u);
}

TEST(ReceiptMakerTest, ATierThatTheTargetCouldNotBeToldIsNotPaidFor) {
  Done done;
  done.exchange.read_chat(R"({"model":"fast","service_tier":"priority","messages":[]})");
  Facts& facts = done.exchange.facts();
  const Price price = with_flex();
  facts.usage = {.input = 1000, .output = 100};
  for (const auto& [dialect, nanos] :
       {std::pair(Dialect::kOpenai, 6'000'000), std::pair(Dialect::kOpenaiResponses, 6'000'000),
        std::pair(Dialect::kAnthropic, 3'000'000), std::pair(Dialect::kGemini, 3'000'000)}) {
    facts.answer.dialect = dialect;
    EXPECT_EQ(cost_of(facts, facts.usage, &price), nanos) << name_of(dialect);
  }
}

TEST(ReceiptMakerTest, WhatTheProviderSaysItCostNeedsNoPrice) {
  Done done;
  done.exchange.facts().usage.cost_nanos = 42;
  EXPECT_EQ(done.made().price.source, ReceiptPrice::Source::kProvider);
  EXPECT_EQ(done.receipt.cost_nanodollars, 42u);
  EXPECT_FALSE(done.receipt.price.rates[0].has_value());
  const Price price = with_flex();
  fill_receipt(done.finished(), &price, done.receipt);
  EXPECT_EQ(done.receipt.cost_nanodollars, 42u);
  EXPECT_EQ(done.receipt.price.source, ReceiptPrice::Source::kProvider);
}

TEST(ReceiptMakerTest, KeysThatWantNoRecordHaveNoReceiptNorWhenTheyAreRefused) {
  Done done;
  Facts& facts = done.exchange.facts();
  EXPECT_TRUE(gives_receipt(facts));
  done.key.no_log = true;
  EXPECT_FALSE(gives_receipt(facts));
  facts.principal.key = nullptr;
  EXPECT_TRUE(gives_receipt(facts));
  facts.trail.refused_key = &done.key;
  EXPECT_FALSE(gives_receipt(facts));
  facts.trail = {};
  EXPECT_FALSE(gives_receipt(facts)) << "they are off";
}

TEST(ReceiptMakerTest, NoSecretAndNoPromptGetsIntoOne) {
  Done done;
  done.exchange.facts().path.clear();
  std::string bytes(done.made().bound(), '\0');
  bytes.resize(done.receipt.encode(bytes.data()));
  for (const char* secret :
       {"sk-in-the-query", "sk-client-secret", "sk-one-secret", "secret thought"})
    EXPECT_THAT(bytes, Not(HasSubstr(secret)));
  EXPECT_EQ(done.receipt.path, "/v1/chat/completions");
}

TEST(ReceiptMakerTest, WhatClientsChooseIsCut) {
  Done done;
  done.exchange.read_chat("{\"model\":\"" + std::string(2 << 20, 'x') + "\"}");
  done.exchange.facts().path = "/v1/" + std::string(60000, 'y');
  EXPECT_LT(done.made().bound(), 3000u);
}

TEST(ReceiptMakerTest, OnlyClientPathsHaveReceipts) {
  test::FakeExchange exchange(test::SnapshotBuilder().build());
  for (const char* path : {"/v1", "/v1/models", "/v1beta/models", "/v1/%2e%2e/x"}) {
    exchange.request().target = path;
    EXPECT_TRUE(has_receipt_path(exchange)) << path;
  }
  for (const char* path : {"/healthz", "/metrics", "/api/usage/totals", "/v11", "/"}) {
    exchange.request().target = path;
    EXPECT_FALSE(has_receipt_path(exchange)) << path;
  }
}

}  // namespace
}  // namespace omni
