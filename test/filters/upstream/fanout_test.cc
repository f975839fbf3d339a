// Panels, pipelines and handoffs in a chain; the test plays the providers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "api/purse.h"
#include "source/llm/codec.h"
#include "source/llm/transcript.h"
#include "source/routing/combo.h"
#include "test/filters/upstream/upstream_fixture.h"
#include "test/support/json.h"

#include "api/cost.h"

namespace omni::filters {
namespace {

using nlohmann::json;
using routing::ComboConfig;
using routing::StageRole;
using routing::Strategy;
using testing::HasSubstr;
using testing::Not;

std::string answer(const std::string& text) {
  return R"({"id":"x","choices":[{"message":{"content":")" + text +
         R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5}})";
}

// Providers "p0", "p1", "p2", one step of the combo each.
struct Fanout {
  explicit Fanout(ComboConfig config, std::string_view fields = "")
      : harness(make_snapshot(std::move(config))) {
    harness.add(test::make_template_of<UpstreamFilter>(test::Try::config()));
    const std::string body = R"({"model":"best")" + std::string(fields) +
                             R"(,"messages":[{"role":"user","content":"hi"}]})";
    harness.exchange.read_chat(body);
    const routing::Combo& combo = *harness.exchange.snapshot().combos->find("best");
    Plan& plan = facts().plan;
    plan.combo = &combo;
    plan.rules = combo.rules;
    plan.session = session;
    for (uint16_t i = 0; i < combo.targets.size(); ++i) plan.places.push_back(i);
    auto stages = std::make_shared<routing::StagePlans>();
    for (const routing::Stage& stage : combo.stages) {
      routing::StagePlan& made = stages->all.emplace_back();
      made.stage = &stage;
      made.plan.combo = &combo;
      made.plan.rules = combo.rules;
      for (uint16_t i = 0; i < stage.count; ++i)
        made.plan.places.push_back(static_cast<uint16_t>(stage.first + i));
    }
    plan.stages = stages;
    harness.send(body);
  }
  static std::shared_ptr<Snapshot> make_snapshot(ComboConfig config) {
    test::SnapshotBuilder builder;
    for (const char* id : {"p0", "p1", "p2"}) {
      builder.provider(id, {"m"});
      builder.last().models[0].price = Price{.input = 1, .output = 2};
    }
    return builder.combo(std::move(config)).build();
  }
  static ComboConfig combo(Strategy strategy) {
    ComboConfig out{.name = "best", .strategy = strategy};
    for (const char* model : {"p0/m", "p1/m", "p2/m"}) out.steps.push_back({.model = model});
    if (strategy == Strategy::kFusion) out.steps.back().role = StageRole::kJudge;
    out.panel.minimum = 2;
    return out;
  }
  Facts& facts() { return harness.exchange.facts(); }
  test::FakeUpstreamPools& pools() { return harness.exchange.pools(); }
  void answers(size_t index, int status, const std::string& body) {
    pools().at(index).headers(status);
    pools().at(index).body_bytes(body);
    pools().at(index).complete();
    harness.settle();
  }
  json sent(size_t index) { return test::parse_json(pools().at(index).body); }
  std::string told() { return harness.sink.body; }

  const std::string session = "s";
  test::ChainHarness harness;
};

TEST(FanoutTest, APanelIsAskedAtOnceAndTheJudgeWhenAllHaveAnswered) {
  Fanout fanout(Fanout::combo(Strategy::kFusion));
  ASSERT_EQ(fanout.pools().count(), 2u);
  fanout.answers(1, 200, answer("second \\\"x\\\""));
  EXPECT_EQ(fanout.pools().count(), 2u);
  fanout.answers(0, 200, answer("first"));
  ASSERT_EQ(fanout.pools().count(), 3u);
  EXPECT_EQ(fanout.pools().last().origin, "p2.example");
  const json asked = fanout.sent(2);
  EXPECT_EQ(asked["messages"][0]["content"], "hi");
  const std::string said = asked["messages"][1]["content"];
  EXPECT_LT(said.find("first"), said.find("second \"x\"")) << "in the combo's order";
  EXPECT_TRUE(fanout.harness.sink.events.empty());
  fanout.answers(2, 200, answer("judged"));
  EXPECT_THAT(fanout.told(), HasSubstr("judged"));
  EXPECT_TRUE(fanout.harness.sink.is_complete());
  EXPECT_EQ(fanout.facts().attempts.size(), 3u);
  ASSERT_EQ(fanout.facts().asides.size(), 2u);
  const llm::Usage whole = whole_usage(fanout.facts(), fanout.facts().answer.usage);
  EXPECT_EQ(whole.input, 30);
  EXPECT_EQ(whole.output, 15);
  EXPECT_EQ(cost_of(fanout.facts(), fanout.facts().answer.usage), 60'000);
}

TEST(FanoutTest, AStreamGoesOnAsTheJudgesWithTheUsageThatNobodyAskedForLeftOut) {
  Fanout fanout(Fanout::combo(Strategy::kFusion), R"(,"stream":true)");
  EXPECT_FALSE(fanout.sent(0).value("stream", false));
  fanout.answers(0, 200, answer("a"));
  fanout.answers(1, 200, answer("b"));
  EXPECT_TRUE(fanout.sent(2)["stream"]);
  fanout.pools().last().headers(200, "text/event-stream");
  fanout.pools().last().body_bytes(test::kRoleEvent + test::kContentEvent);
  EXPECT_EQ(fanout.told(), test::kRoleEvent + test::kContentEvent);
}

TEST(FanoutTest, TooFewAnswersEndItAtOnceAndCancelTheRest) {
  ComboConfig combo = Fanout::combo(Strategy::kFusion);
  combo.steps.push_back({.model = "p0/m"});
  combo.panel.minimum = 3;
  Fanout fanout(combo);
  ASSERT_EQ(fanout.pools().count(), 3u);
  fanout.answers(0, 500, R"({"error":{"message":"Broken."}})");
  EXPECT_TRUE(fanout.pools().at(1).is_cancelled());
  EXPECT_TRUE(fanout.pools().at(2).is_cancelled());
  EXPECT_EQ(fanout.harness.sink.head->status, 500);
  EXPECT_THAT(fanout.told(), HasSubstr("fusion_panel_failed"));
  EXPECT_THAT(fanout.told(), HasSubstr("p0/m: [500]: Broken."));
  EXPECT_EQ(fanout.facts().attempts.size(), 3u);
  EXPECT_GT(whole_usage(fanout.facts(), {}).input, 0) << "the others have read the prompt";
}

TEST(FanoutTest, ThePanelsTimeIsOverAndEnoughHaveAnswered) {
  ComboConfig combo = Fanout::combo(Strategy::kFusion);
  combo.panel.minimum = 1;
  combo.panel.timeout = absl::Seconds(5);
  Fanout fanout(combo);
  fanout.answers(1, 200, answer("only"));
  fanout.harness.exchange.loop().advance(absl::Seconds(6));
  EXPECT_TRUE(fanout.pools().at(0).is_cancelled());
  ASSERT_EQ(fanout.pools().count(), 3u);
  EXPECT_THAT(fanout.pools().last().body, HasSubstr("only"));
}

TEST(FanoutTest, AClientThatLeavesCancelsAll) {
  Fanout fanout(Fanout::combo(Strategy::kFusion));
  EXPECT_GT(whole_usage(fanout.facts(), {}).input, 0);
  fanout.harness.end();
  EXPECT_TRUE(fanout.pools().at(0).is_cancelled());
  EXPECT_TRUE(fanout.pools().at(1).is_cancelled());
}

TEST(FanoutTest, AStepIsRetriedAsARequestWouldBe) {
  ComboConfig combo = Fanout::combo(Strategy::kPipeline);
  combo.rules.max_retries = 1;
  combo.rules.retry_delay = absl::Seconds(2);
  Fanout fanout(combo);
  fanout.answers(0, 503, "{}");
  EXPECT_EQ(fanout.pools().count(), 1u);
  fanout.harness.exchange.loop().advance(absl::Seconds(3));
  ASSERT_EQ(fanout.pools().count(), 2u);
  fanout.answers(1, 200, answer("draft"));
  ASSERT_EQ(fanout.pools().count(), 3u);
  EXPECT_EQ(fanout.sent(2)["messages"].back()["content"], "draft");
  ASSERT_EQ(fanout.facts().asides.size(), 2u) << "one for each step that was begun";
  EXPECT_EQ(fanout.facts().asides[0].usage.input, 10);
}

// Allows some questions and refuses those after them.
struct FakePurse final : Purse {
  explicit FakePurse(int allowed) : left(allowed) {}
  std::optional<LocalReply> refuse_more() override {
    if (left-- > 0) return std::nullopt;
    return LocalReply{.status = 429, .code = "budget_exceeded", .message = "Nothing is left"};
  }
  int left;
};

TEST(FanoutTest, AStepThatTheBudgetCannotPayForIsNotBegun) {
  FakePurse purse(1);
  Fanout fanout(Fanout::combo(Strategy::kPipeline));
  fanout.facts().purse = &purse;
  fanout.answers(0, 200, answer("draft"));
  ASSERT_EQ(fanout.pools().count(), 2u);
  fanout.answers(1, 200, answer("better"));
  EXPECT_EQ(fanout.pools().count(), 2u);
  EXPECT_EQ(fanout.harness.sink.head->status, 429);
  EXPECT_THAT(fanout.told(), HasSubstr("budget_exceeded"));
  EXPECT_THAT(fanout.told(), HasSubstr("Step 3 of pipeline 'best' was not asked."));
  ASSERT_EQ(fanout.facts().asides.size(), 2u);
  EXPECT_EQ(cost_of_asides(fanout.facts())->nanos, 40'000);
}

TEST(FanoutTest, ABudgetThatLastsLetsAllStepsRun) {
  FakePurse purse(2);
  Fanout fanout(Fanout::combo(Strategy::kPipeline));
  fanout.facts().purse = &purse;
  for (size_t step = 0; step < 3; ++step) fanout.answers(step, 200, answer("draft"));
  EXPECT_EQ(fanout.harness.sink.head->status, 200);
  EXPECT_EQ(purse.left, 0);
}

// How many were asked, all of which have answered.
size_t hear_panel(Fanout& fanout, FakePurse& purse) {
  fanout.facts().purse = &purse;
  const size_t panel = fanout.pools().count();
  for (size_t member = 0; member < panel; ++member) fanout.answers(member, 200, answer("one"));
  return panel;
}

TEST(FanoutTest, AJudgeThatTheBudgetCannotPayForIsNotAsked) {
  FakePurse purse(0);
  Fanout fanout(Fanout::combo(Strategy::kFusion));
  const size_t panel = hear_panel(fanout, purse);
  EXPECT_EQ(fanout.pools().count(), panel);
  EXPECT_EQ(fanout.harness.sink.head->status, 429);
  EXPECT_THAT(fanout.told(),
              HasSubstr("Nothing is left. The judge of combo 'best' was not asked."));
  EXPECT_THAT(fanout.told(), HasSubstr("diagnostics"));
  EXPECT_EQ(fanout.facts().asides.size(), panel) << "what was asked is paid for";
}

TEST(FanoutTest, AJudgeThatTheBudgetPaysForIsAsked) {
  FakePurse purse(1);
  Fanout fanout(Fanout::combo(Strategy::kFusion));
  const size_t panel = hear_panel(fanout, purse);
  EXPECT_EQ(fanout.pools().count(), panel + 1);
  EXPECT_EQ(purse.left, 0);
}

TEST(FanoutTest, AStepsOwnWordOnItsCostIsBelieved) {
  Fanout fanout(Fanout::combo(Strategy::kPipeline));
  fanout.answers(0, 200,
                 R"({"id":"x","choices":[{"message":{"content":"draft"},"finish_reason":"stop"}],)"
                 R"("usage":{"prompt_tokens":10,"completion_tokens":5,"cost_in_usd_ticks":70}})");
  ASSERT_EQ(fanout.facts().asides.size(), 2u);
  EXPECT_EQ(fanout.facts().asides[0].usage.cost_nanos, 7);
}

TEST(FanoutTest, AnAnswerThatIsTooLargeIsNotGathered) {
  Fanout fanout(Fanout::combo(Strategy::kPipeline));
  fanout.pools().at(0).headers(200);
  const std::string piece(1024 * 1024, ' ');
  for (int i = 0; i < 6; ++i) fanout.pools().at(0).body_bytes(piece);
  fanout.harness.settle();
  EXPECT_TRUE(fanout.pools().at(0).is_cancelled());
  EXPECT_THAT(fanout.told(),
              HasSubstr("Step 1 of pipeline 'best' (p0/m) failed: The answer is too large"));
}

TEST(FanoutTest, StepsThatMayNotBeUsedAreSaidBeforeAnybodyIsAsked) {
  ComboConfig combo = Fanout::combo(Strategy::kPipeline);
  combo.steps[1].model = "p1/m";
  auto snapshot = Fanout::make_snapshot(combo);
  test::ChainHarness harness(snapshot);
  harness.add(test::make_template_of<UpstreamFilter>(test::Try::config()));
  const std::string body = R"({"model":"best","messages":[{"role":"user","content":"hi"}]})";
  harness.exchange.read_chat(body);
  Plan& plan = harness.exchange.facts().plan;
  plan.combo = snapshot->combos->find("best");
  plan.places = {0};
  auto stages = std::make_shared<routing::StagePlans>();
  for (const routing::Stage& stage : plan.combo->stages) stages->all.push_back({&stage, {}});
  stages->all[0].plan.combo = plan.combo;
  stages->all[0].plan.places = {0};
  plan.stages = stages;
  harness.send(body);
  EXPECT_EQ(harness.exchange.pools().count(), 0u);
  EXPECT_EQ(harness.sink.head->status, 503);
  EXPECT_THAT(harness.sink.body, HasSubstr("Step 2 of pipeline 'best' has no account"));
}

TEST(FanoutTest, AHandoffWaitsForItsSummaryNoLongerThanItMay) {
  ComboConfig combo = Fanout::combo(Strategy::kContextRelay);
  combo.handoff.timeout = absl::Seconds(5);
  auto snapshot = Fanout::make_snapshot(combo);
  const routing::Combo& made = *snapshot->combos->find("best");
  made.handoffs->put({.session = "/s", .server = "p9/main/m", .note = ""});
  const std::string session = "s";
  test::ChainHarness harness(snapshot);
  harness.add(test::make_template_of<UpstreamFilter>(test::Try::config()));
  const std::string body = R"({"model":"best","messages":[{"role":"user","content":"hi"}]})";
  harness.exchange.read_chat(body);
  Plan& plan = harness.exchange.facts().plan;
  plan.combo = &made;
  plan.places = {0, 1};
  plan.session = session;
  plan.stages = std::make_shared<routing::StagePlans>();
  harness.send(body);
  test::FakeUpstreamPools& pools = harness.exchange.pools();
  ASSERT_EQ(pools.count(), 1u);
  EXPECT_THAT(pools.at(0).body, HasSubstr("user: hi"));
  harness.exchange.loop().advance(absl::Seconds(6));
  EXPECT_TRUE(pools.at(0).is_cancelled());
  ASSERT_EQ(pools.count(), 2u);
  EXPECT_EQ(pools.at(1).body, body.substr(0, 9) + "\"m\"" + body.substr(15)) << "as it came";
  pools.at(1).headers(200);
  pools.at(1).body_bytes(test::kPlainAnswer);
  pools.at(1).complete();
  harness.settle();
  EXPECT_EQ(made.handoffs->find("/s")->server, "p0/main/m");
}

// A conversation of "p0", whose limits are known.
struct Relay {
  explicit Relay(std::string next, double share, absl::Duration until_reset,
                 std::vector<std::string> providers = {}) {
    ComboConfig combo = Fanout::combo(Strategy::kContextRelay);
    combo.handoff.providers = std::move(providers);
    snapshot = Fanout::make_snapshot(std::move(combo));
    harness = std::make_unique<test::ChainHarness>(snapshot);
    const int64_t now_ms = absl::ToUnixMillis(harness->exchange.loop().clock().now());
    cell().quota.store({.is_known = true,
                        .share = share,
                        .reset_ms = now_ms + absl::ToInt64Milliseconds(until_reset)});
    harness->add(test::make_template_of<UpstreamFilter>(test::Try::config()));
    const std::string body = R"({"model":"best","messages":[{"role":"user","content":"hi"}]})";
    harness->exchange.read_chat(body);
    llm::Request said;
    EXPECT_FALSE(llm::decode_request(Dialect::kOpenai, body, said));
    const llm::Reached here = llm::reached(said);
    book().put({.session = "/s",
                .server = "p0/main/m",
                .note = "",
                .next = std::move(next),
                .messages = here.messages,
                .digest = here.digest});
    Plan& plan = harness->exchange.facts().plan;
    plan.combo = snapshot->combos->find("best");
    plan.places = {0, 1};
    plan.session = session;
    plan.stages = std::make_shared<routing::StagePlans>();
    harness->send(body);
  }
  routing::HandoffBook& book() { return *snapshot->combos->find("best")->handoffs; }
  routing::AccountCell& cell() { return *snapshot->providers->all()[0].accounts[0].cell; }
  test::FakeUpstreamPools& pools() { return harness->exchange.pools(); }
  void answers(size_t index, int status, const std::string& body) {
    pools().at(index).headers(status);
    pools().at(index).body_bytes(body);
    pools().at(index).complete();
    harness->settle();
  }

  const std::string session = "s";
  std::shared_ptr<Snapshot> snapshot;
  std::unique_ptr<test::ChainHarness> harness;
};

constexpr absl::Duration kLong = absl::Hours(1);

TEST(HandoffTest, WhoHasLittleLeftSumsUpAheadAndItsSuccessorIsToldWithoutAsking) {
  Relay relay("", 0.15, kLong);
  ASSERT_EQ(relay.pools().count(), 1u);
  EXPECT_THAT(relay.pools().at(0).body, HasSubstr("You write handoffs"));
  EXPECT_EQ(relay.pools().at(0).origin, "p0.example");
  relay.answers(0, 200, answer("so far"));
  ASSERT_EQ(relay.pools().count(), 2u);
  EXPECT_THAT(relay.pools().at(1).body, Not(HasSubstr("so far"))) << "it knows";
  relay.answers(1, 503, "{}");
  ASSERT_EQ(relay.pools().count(), 3u);
  EXPECT_EQ(relay.pools().at(2).origin, "p1.example");
  EXPECT_THAT(relay.pools().at(2).body, HasSubstr("so far"));
  relay.answers(2, 200, answer("hello"));
  EXPECT_EQ(relay.book().find("/s")->server, "p1/main/m");
  EXPECT_EQ(relay.book().find("/s")->note, "so far");
  EXPECT_EQ(relay.book().find("/s")->next, "");
}

TEST(HandoffTest, WhatWasWrittenAheadIsKeptWhileItMayBeNeeded) {
  Relay kept("so far", 0.1, kLong);
  ASSERT_EQ(kept.pools().count(), 1u);
  EXPECT_THAT(kept.pools().at(0).body, Not(HasSubstr("handoffs"))) << "once is enough";
  kept.answers(0, 200, answer("hello"));
  EXPECT_EQ(kept.book().find("/s")->next, "so far");
  Relay scarce("so far", 0.03, kLong);
  scarce.answers(0, 200, answer("hello"));
  EXPECT_EQ(scarce.book().find("/s")->next, "so far") << "it will soon be needed";
  Relay whole("so far", 0.9, kLong);
  whole.answers(0, 200, answer("hello"));
  EXPECT_EQ(whole.book().find("/s")->next, "") << "its limits are whole again";
  EXPECT_EQ(whole.book().find("/s")->server, "p0/main/m");
}

TEST(HandoffTest, NothingIsWrittenAheadWhereNobodyIsAboutToMove) {
  const struct {
    std::string_view what;
    double share;
    absl::Duration until_reset;
    std::vector<std::string> providers;
    bool asks;
  } rows[] = {{"much is left", 0.5, kLong, {}, false},
              {"just above the threshold", 0.16, kLong, {}, false},
              {"whole again within a minute", 0.1, absl::Seconds(50), {}, false},
              {"too little for a summary", 0.04, kLong, {}, false},
              {"another's conversations are handed over", 0.1, kLong, {"p1"}, false},
              {"its own are", 0.1, kLong, {"p0"}, true}};
  for (const auto& row : rows) {
    Relay relay("", row.share, row.until_reset, row.providers);
    ASSERT_EQ(relay.pools().count(), 1u);
    EXPECT_EQ(relay.pools().at(0).body.find("You write handoffs") != std::string::npos, row.asks)
        << row.what;
  }
}

TEST(HandoffTest, WhoIsNotHandedOverMovesWithoutASummary) {
  Relay relay("", 1, kLong, {"p1"});
  relay.answers(0, 503, "{}");
  ASSERT_EQ(relay.pools().count(), 2u);
  EXPECT_THAT(relay.pools().at(1).body, Not(HasSubstr("handoffs")));
  relay.answers(1, 200, answer("hello"));
  EXPECT_EQ(relay.book().find("/s")->server, "p1/main/m") << "who has it is known all the same";
}

}  // namespace
}  // namespace omni::filters
