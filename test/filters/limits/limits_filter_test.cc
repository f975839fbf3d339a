// The filter in a chain. The filter behind it plays translation and upstream: it says what an
// answer has used.
#include "filters/limits/limits_filter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/support/chain_harness.h"

namespace omni::test {
namespace {

constexpr int64_t kDollar = kNanosPerDollar;

RateLimit per_minute(int64_t limit, Measure of = Measure::kRequests) { return {limit, 60, of}; }

MoneyBudget budget(double dollars) {
  return {.limit_nanos = static_cast<int64_t>(dollars * 1e9),
          .period = BudgetPeriod::kDaily,
          .warn_nanos = static_cast<int64_t>(dollars * 0.8e9)};
}

// One key with its cells, as all workers share them.
struct Gate {
  explicit Gate(KeyRules rules, std::vector<std::string> allowed_models = {}) {
    key.id = "k1";
    key.name = "ci";
    key.allowed_models = std::move(allowed_models);
    key.limits = cells.attach(key.id, rules);
    SnapshotBuilder builder;
    builder.provider("up", {"free"});
    // A dollar for a million tokens either way.
    builder.last().models.push_back({.id = "m", .price = Price{.input = 1, .output = 1}});
    builder.key("sk", key);
    snapshot = builder.build();
  }
  const RateWindow& window(size_t i = 0) const { return key.limits.windows[i]; }
  int64_t spent(absl::Time now) const {
    const int64_t number = period_number(key.limits.budget->period, now);
    return static_cast<int64_t>(key.limits.spend->spent.read(number).count);
  }
  int64_t unpriced(absl::Time now) const {
    const int64_t number = period_number(key.limits.budget->period, now);
    return static_cast<int64_t>(key.limits.spend->unpriced.read(number).count);
  }

  KeyCells cells;
  GatewayKey key;
  std::shared_ptr<const Snapshot> snapshot;
};

// One request of that key.
class Visit {
 public:
  explicit Visit(Gate& gate, std::string_view fields = "", Dialect dialect = Dialect::kOpenai)
      : harness(gate.snapshot) {
    harness.add(make_template_of<filters::LimitsFilter>({}));
    script_.name = "up";
    script_.request_headers = [this](FilterContext& context) {
      context_ = &context;
      facts().plan.targets.push_back({&context.exchange().snapshot().providers->all()[0], nullptr});
      return Next::kContinue;
    };
    harness.add(script_);
    facts().principal.key = &gate.key;
    facts().call.set_dialect(dialect);
    harness.send_chat(R"({"model":"up/m","messages":[{"role":"user","content":"12345678"}])" +
                      std::string(fields) + "}");
  }

  Facts& facts() { return harness.exchange.facts(); }
  bool is_admitted() const { return context_ != nullptr; }
  int status() const { return harness.sink.head ? harness.sink.head->status : 0; }
  std::string header(std::string_view name) const {
    return std::string(harness.sink.head->headers.value(name));
  }
  absl::Time now() { return harness.exchange.loop().clock().now(); }
  void at(absl::Time time) { harness.exchange.loop().fake_clock().set_now(time); }

  void begin(bool is_stream, std::string_view model = "m") {
    Answer& answer = facts().answer;
    answer.source = Answer::Source::kUpstream;
    answer.is_stream = is_stream;
    answer.is_committed = true;
    answer.provider = &harness.exchange.snapshot().providers->all()[0];
    answer.model = model;
    context_->respond_headers({.status = 200});
  }
  void piece(int64_t input, int64_t output) {
    facts().usage = {.input = input, .output = output};
    context_->respond_body(Buffer("data: x\n\n"));
  }
  void answer(int64_t input, int64_t output, std::string_view model = "m") {
    facts().answer.usage = {.input = input, .output = output};
    begin(false, model);
    piece(input, output);
    context_->respond_complete();
  }
  void complete() { context_->respond_complete(); }
  void refuse(int status) { context_->reply({.status = status, .code = "upstream_error"}); }
  void leave() { harness.end(); }

  ChainHarness harness;

 private:
  Script script_;
  FilterContext* context_ = nullptr;
};

TEST(LimitsFilterTest, ARequestOverItsWindowIsToldWhenToComeAgain) {
  Gate gate({.rate_limits = {per_minute(1)}, .budget = {}});
  Visit first(gate);
  first.answer(1, 1);
  EXPECT_EQ(first.status(), 200);
  EXPECT_EQ(first.header("x-ratelimit-limit-requests"), "1");
  EXPECT_EQ(first.header("x-ratelimit-remaining-requests"), "0");
  Visit second(gate);
  EXPECT_FALSE(second.is_admitted());
  EXPECT_EQ(second.status(), 429);
  EXPECT_EQ(second.facts().error_code, "rate_limit_exceeded");
  EXPECT_EQ(second.header("retry-after"), "20");
  EXPECT_EQ(second.header("x-ratelimit-remaining-requests"), "0");
  EXPECT_NE(second.harness.sink.body.find("Request limit exceeded (60s window)"),
            std::string::npos);
}

TEST(LimitsFilterTest, AnAnthropicClientGetsItsOwnHeaders) {
  Gate gate({.rate_limits = {per_minute(0)}, .budget = {}});
  Visit visit(gate, R"(,"max_tokens":1)", Dialect::kAnthropic);
  EXPECT_EQ(visit.status(), 429);
  EXPECT_EQ(visit.header("anthropic-ratelimit-requests-limit"), "0");
  EXPECT_NE(visit.harness.sink.body.find("rate_limit_error"), std::string::npos);
}

TEST(LimitsFilterTest, AKeyWithoutLimitsPassesBy) {
  Gate gate({});
  Visit visit(gate);
  visit.answer(1, 1);
  EXPECT_EQ(visit.status(), 200);
  EXPECT_EQ(visit.header("x-ratelimit-limit-requests"), "");
}

TEST(LimitsFilterTest, AModelThatIsNotAllowedUsesUpNoWindow) {
  Gate gate({.rate_limits = {per_minute(1)}, .budget = {}}, {"other/*"});
  Visit visit(gate);
  EXPECT_EQ(visit.status(), 403);
  EXPECT_EQ(gate.window().remaining(absl::ToUnixSeconds(visit.now())), 1);
}

TEST(LimitsFilterTest, AnErrorOfTheProviderGivesItsTokensBack) {
  Gate gate({.rate_limits = {per_minute(10'000, Measure::kTokens)}, .budget = {}});
  Visit visit(gate, R"(,"max_tokens":500)");
  const int64_t now = absl::ToUnixSeconds(visit.now());
  EXPECT_LT(gate.window().remaining(now), 9'500);
  visit.refuse(502);
  EXPECT_EQ(gate.window().remaining(now), 10'000);
}

TEST(LimitsFilterTest, AClientThatLeavesBeforeTheAnswerHasUsedItsPrompt) {
  Gate gate({.rate_limits = {per_minute(10'000, Measure::kTokens)}, .budget = {}});
  Visit visit(gate, R"(,"max_tokens":500)");
  visit.leave();
  const int64_t left = gate.window().remaining(absl::ToUnixSeconds(visit.now()));
  EXPECT_LT(left, 10'000);
  EXPECT_GT(left, 9'900);
}

TEST(LimitsFilterTest, AClientThatLeavesInAStreamHasUsedWhatItSaw) {
  Gate gate({.rate_limits = {per_minute(10'000, Measure::kTokens)}, .budget = budget(1)});
  Visit visit(gate, R"(,"max_tokens":5000)");
  visit.begin(true);
  visit.piece(100, 20);
  visit.leave();
  EXPECT_EQ(gate.window().remaining(absl::ToUnixSeconds(visit.now())), 9'880);
  EXPECT_EQ(gate.spent(visit.now()), 120'000);
}

TEST(LimitsFilterTest, TheEighthOfSevenSessionsHasToWait) {
  Gate gate({.rate_limits = {per_minute(100)}, .budget = {}, .max_sessions = 7});
  for (int i = 0; i < 7; ++i) {
    Visit visit(gate, fmt::format(R"(,"user":"u{0}","tools":[{{"type":"function","function":)"
                                  R"({{"name":"t{0}"}}}}])",
                                  i));
    ASSERT_TRUE(visit.is_admitted()) << i;
  }
  Visit eighth(gate, R"(,"tools":[{"type":"function","function":{"name":"other"}}])");
  EXPECT_EQ(eighth.status(), 429);
  EXPECT_EQ(eighth.facts().error_code, "session_limit_exceeded");
  EXPECT_EQ(gate.window().remaining(absl::ToUnixSeconds(eighth.now())), 93);
}

TEST(LimitsFilterTest, APlainAnswerThatCrossesTheBudgetIsDeliveredAndTheNextIsRefused) {
  Gate gate({.rate_limits = {}, .budget = budget(1)});
  Visit first(gate);
  first.answer(1'000'000, 500'000);
  EXPECT_EQ(first.status(), 200);
  EXPECT_TRUE(first.harness.sink.is_complete());
  EXPECT_EQ(gate.spent(first.now()), 3 * kDollar / 2);
  Visit second(gate);
  EXPECT_EQ(second.status(), 429);
  EXPECT_EQ(second.facts().error_code, "budget_exceeded");
  EXPECT_NE(second.harness.sink.body.find("Budget limit exceeded: 1.50 of 1.00 USD daily"),
            std::string::npos);
  const auto wait = absl::Seconds(std::stoi(second.header("retry-after")));
  EXPECT_EQ(second.now() + wait,
            period_end(BudgetPeriod::kDaily, period_number(BudgetPeriod::kDaily, second.now())));
}

TEST(LimitsFilterTest, AStreamThatCrossesTheBudgetEndsInAnErrorOfItsDialect) {
  Gate gate({.rate_limits = {}, .budget = budget(1)});
  Visit visit(gate, R"(,"stream":true)");
  visit.begin(true);
  visit.piece(500'000, 400'000);
  visit.piece(500'000, 600'000);
  EXPECT_FALSE(visit.harness.sink.is_complete());
  visit.piece(500'000, 700'000);
  EXPECT_TRUE(visit.harness.sink.is_complete());
  const std::string& body = visit.harness.sink.body;
  EXPECT_EQ(body.rfind("data: x\n\ndata: x\n\ndata: {", 0), 0u) << body;
  EXPECT_NE(body.find("budget_exceeded"), std::string::npos);
  EXPECT_EQ(body.find("data: [DONE]"), std::string::npos) << "no clean finish";
  visit.leave();
  // What the piece that was not delivered had used is in the sum too: it was generated.
  EXPECT_EQ(gate.spent(visit.now()), 1'200'000'000);
}

TEST(LimitsFilterTest, AStreamThatCrossesWithItsLastPieceEndsAsItShould) {
  Gate gate({.rate_limits = {}, .budget = budget(1)});
  Visit visit(gate, R"(,"stream":true)");
  visit.begin(true);
  visit.piece(500'000, 600'000);
  visit.complete();
  EXPECT_EQ(visit.harness.sink.body, "data: x\n\n");
  EXPECT_TRUE(visit.harness.sink.is_complete());
}

TEST(LimitsFilterTest, AnEstimateThatWasTooHighIsTakenBack) {
  Gate gate({.rate_limits = {}, .budget = budget(1)});
  Visit visit(gate, R"(,"stream":true)");
  visit.begin(true);
  visit.piece(100, 300'000);
  visit.facts().usage = {.input = 100, .output = 200'000};
  visit.complete();
  EXPECT_EQ(gate.spent(visit.now()), 200'100'000);
}

TEST(LimitsFilterTest, TheOwnerIsWarnedOnceInAPeriod) {
  Gate gate({.rate_limits = {}, .budget = budget(1)});
  Visit first(gate);
  first.answer(0, 850'000);
  EXPECT_TRUE(first.facts().budget.is_near_limit);
  EXPECT_EQ(first.facts().budget.spent_nanos, 850'000'000);
  EXPECT_EQ(first.header("x-omniroute-budget-warning"), "0.85 of 1.00 USD daily");
  Visit second(gate);
  second.answer(0, 1);
  EXPECT_FALSE(second.facts().budget.is_near_limit);
  EXPECT_EQ(second.header("x-omniroute-budget-warning"), "0.85 of 1.00 USD daily");
}

TEST(LimitsFilterTest, ANewPeriodBeginsAtNothing) {
  Gate gate({.rate_limits = {}, .budget = budget(1)});
  Visit first(gate);
  first.at(first.now() + absl::Hours(48));
  first.answer(0, 2'000'000);
  // The clock of the next one stands two days before.
  EXPECT_TRUE(Visit(gate).is_admitted());
  EXPECT_EQ(gate.spent(first.now()), 2 * kDollar);
}

TEST(LimitsFilterTest, AnAnswerWithoutAPriceIsCountedAsSuchAndStopsNothing) {
  Gate gate({.rate_limits = {}, .budget = budget(1)});
  Visit first(gate), second(gate);
  first.answer(5'000'000, 5'000'000, "free");
  EXPECT_EQ(first.status(), 200);
  EXPECT_TRUE(first.facts().budget.is_unpriced);
  second.answer(1, 1, "free");
  EXPECT_FALSE(second.facts().budget.is_unpriced);
  EXPECT_EQ(gate.spent(first.now()), 0);
  EXPECT_EQ(gate.unpriced(first.now()), 2);
}

TEST(LimitsFilterTest, WorkInTheBackgroundIsNoSecondRequest) {
  Gate gate({.rate_limits = {per_minute(1)}, .budget = {}});
  Visit first(gate);
  const int64_t now = absl::ToUnixSeconds(first.now());
  EXPECT_EQ(gate.window().remaining(now), 0);
  ChainHarness job(gate.snapshot);
  bool is_admitted = false;
  Script script;
  script.request_headers = [&](FilterContext&) {
    is_admitted = true;
    return Next::kContinue;
  };
  job.add(make_template_of<filters::LimitsFilter>({})).add(script);
  job.exchange.facts().principal.key = &gate.key;
  job.exchange.facts().kept.make().job = "job";
  job.send_chat(R"({"model":"up/m","messages":[{"role":"user","content":"x"}]})");
  EXPECT_TRUE(is_admitted);
}

// Row 60: a limit of tokens is enforced, and what a request reserved is not lost to it.
TEST(Pitfalls, Pitfall60_ALimitOfTokensIsEnforced) {
  Gate gate({.rate_limits = {per_minute(1000, Measure::kTokens)}, .budget = {}});
  int admitted = 0;
  for (int i = 0; i < 20; ++i) {
    Visit visit(gate, R"(,"max_tokens":200)");
    if (!visit.is_admitted()) continue;
    ++admitted;
    visit.answer(40, 60);
  }
  // A hundred each; the last ones find no room for what they might use.
  EXPECT_EQ(admitted, 8);
}

// Row 61: requests that run at once do not pass together.
TEST(Pitfalls, Pitfall61_ParallelRequestsDoNotPassTogether) {
  Gate gate({.rate_limits = {per_minute(1000, Measure::kTokens)}, .budget = {}});
  std::vector<std::unique_ptr<Visit>> open;
  int admitted = 0;
  for (int i = 0; i < 50; ++i) {
    open.push_back(std::make_unique<Visit>(gate, R"(,"max_tokens":200)"));
    admitted += open.back()->is_admitted() ? 1 : 0;
  }
  EXPECT_EQ(admitted, 4);
  for (const auto& visit : open)
    if (visit->is_admitted()) visit->answer(10, 200);
  EXPECT_GE(gate.window().remaining(absl::ToUnixSeconds(open[0]->now())), 160);
}

// Row 62: a streamed token is charged once, and without a usage field too.
TEST(Pitfalls, Pitfall62_StreamedTokensAreChargedOnce) {
  Gate gate({.rate_limits = {per_minute(100'000, Measure::kTokens)}, .budget = budget(1)});
  Visit visit(gate, R"(,"stream":true)");
  visit.begin(true);
  for (int i = 1; i <= 50; ++i) visit.piece(1000, i * 10);
  visit.facts().usage = {.input = 1200, .output = 480};
  visit.complete();
  visit.leave();
  EXPECT_EQ(gate.window().remaining(absl::ToUnixSeconds(visit.now())), 100'000 - 1680);
  EXPECT_EQ(gate.spent(visit.now()), 1'680'000);
}

TEST(LimitsFilterTest, WhatWasAskedAsideIsChargedWhateverBecomesOfTheAnswer) {
  Gate gate({.rate_limits = {per_minute(100'000, Measure::kTokens)}, .budget = budget(1)});
  Visit visit(gate);
  const Provider* provider = visit.facts().plan.targets[0].provider;
  visit.facts().asides.push_back({provider, "m", {.input = 1000, .output = 100}});
  visit.refuse(502);
  visit.leave();
  EXPECT_EQ(gate.window().remaining(absl::ToUnixSeconds(visit.now())), 100'000 - 1100);
  EXPECT_EQ(gate.spent(visit.now()), 1'100'000);
  Visit second(gate);
  second.facts().asides.push_back({provider, "m", {.input = 1000, .output = 100}});
  second.answer(200, 100);
  EXPECT_EQ(gate.spent(visit.now()), 1'100'000 + 1'400'000);
}

TEST(LimitsFilterTest, BeforeMoreIsSpentTheBudgetIsAskedAgain) {
  Gate gate({.budget = budget(0.002)});
  Visit visit(gate), other(gate);
  ASSERT_NE(visit.facts().purse, nullptr);
  const Provider* provider = visit.facts().plan.targets[0].provider;
  EXPECT_FALSE(visit.facts().purse->refuse_more());
  visit.facts().asides.push_back({provider, "m", {.input = 1000, .output = 100}});
  EXPECT_FALSE(visit.facts().purse->refuse_more());
  EXPECT_EQ(gate.spent(visit.now()), 1'100'000) << "others see it at once";
  other.facts().asides.push_back({provider, "m", {.input = 800, .output = 100}});
  const std::optional<LocalReply> refusal = other.facts().purse->refuse_more();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 429);
  EXPECT_EQ(refusal->code, "budget_exceeded");
  EXPECT_GT(refusal->retry_after_seconds, 0);
  EXPECT_TRUE(visit.facts().purse->refuse_more()) << "it is one budget";
  other.leave();
  visit.leave();
  EXPECT_EQ(gate.spent(visit.now()), 2'000'000) << "nothing is paid twice";
  Gate windows({.rate_limits = {per_minute(10)}});
  EXPECT_EQ(Visit(windows).facts().purse, nullptr);
}

TEST(LimitsFilterTest, WhatTheProviderSaysItCostIsCharged) {
  Gate gate({.budget = budget(1)});
  Visit visit(gate);
  visit.facts().answer.usage = {.input = 10, .output = 10, .cost_nanos = 77};
  visit.begin(false, "free");
  visit.complete();
  visit.leave();
  EXPECT_EQ(gate.spent(visit.now()), 77);
  EXPECT_EQ(gate.unpriced(visit.now()), 0) << "although the model has no price";
}

// Row 63: nobody is refused, or let through, for what was spent some time ago.
TEST(Pitfalls, Pitfall63_ABudgetIsNeverStale) {
  Gate gate({.rate_limits = {}, .budget = budget(1)});
  Visit one(gate, R"(,"stream":true)"), two(gate, R"(,"stream":true)");
  one.begin(true);
  one.piece(0, 1'000'000);
  two.begin(true);
  two.piece(0, 1);
  two.piece(0, 2);
  EXPECT_TRUE(two.harness.sink.is_complete()) << "the other stream's spend counts at once";
  EXPECT_EQ(Visit(gate).status(), 429);
}

}  // namespace
}  // namespace omni::test
