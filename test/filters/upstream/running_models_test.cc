// What Ollama servers have in memory, asked of all of them at once.
#include "filters/upstream/running_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "test/filters/upstream/upstream_fixture.h"
#include "test/support/compressed.h"

namespace omni::filters {
namespace {

using testing::ElementsAre;

// A question to "one" and "two", whose names here those are.
struct Asked {
  explicit Asked(size_t servers = 2, std::vector<std::string> allowed = {})
      : harness(make_snapshot(servers)) {
    key.allowed_models = std::move(allowed);
    harness.add(test::make_template_of<UpstreamFilter>(test::Try::config()));
    Facts& facts = harness.exchange.facts();
    facts.endpoint = Endpoint::kRunning;
    facts.principal.key = &key;
    for (const Provider& provider : harness.exchange.snapshot().providers->all())
      facts.plan.targets.push_back({&provider, &provider.accounts[0], ""});
    harness.exchange.request().method = "GET";
    harness.send("");
  }
  static std::shared_ptr<Snapshot> make_snapshot(size_t servers) {
    test::SnapshotBuilder builder;
    for (size_t i = 0; i < servers; ++i)
      builder.provider(i == 0 ? "one" : "p" + std::to_string(i), {});
    return builder.build();
  }
  test::FakeUpstream& up(size_t i) { return harness.exchange.pools().at(i); }
  void answers(size_t i, std::string_view body) {
    up(i).headers(200);
    up(i).body_bytes(body);
    up(i).complete();
    harness.settle();
  }
  std::vector<std::string> reasons() {
    std::vector<std::string> out;
    for (const Attempt& attempt : harness.exchange.facts().attempts) out.push_back(attempt.reason);
    return out;
  }

  GatewayKey key;
  test::ChainHarness harness;
};

TEST(RunningModelsTest, TheAnswerComesWithTheLastOfTheServers) {
  Asked asked;
  EXPECT_EQ(asked.up(0).head.method, "GET");
  EXPECT_EQ(asked.up(0).head.target, "/v1/api/ps");
  EXPECT_EQ(asked.up(1).head.headers.value("authorization"), "Bearer sk-p1-secret");
  asked.answers(1, R"({"models":[{"name":"b"}]})");
  EXPECT_FALSE(asked.harness.sink.head);
  asked.answers(0, R"({"models":[{"name":"a"}]})");
  EXPECT_EQ(asked.harness.sink.body, R"({"models":[{"name":"one/a"},{"name":"p1/b"}]})");
  EXPECT_EQ(asked.harness.sink.head->content_length, asked.harness.sink.body.size());
  EXPECT_TRUE(asked.harness.sink.is_complete());
  EXPECT_EQ(asked.harness.exchange.loop().armed_timers(), 0u);
}

TEST(RunningModelsTest, ASlowServerIsLeftOutAndItsRequestEnded) {
  Asked asked;
  asked.answers(0, R"({"models":[{"name":"a"}]})");
  asked.up(1).headers(200);
  asked.up(1).body_bytes(R"({"models":[)");
  asked.harness.exchange.loop().advance(absl::Seconds(3));
  EXPECT_EQ(asked.harness.sink.body, R"({"models":[{"name":"one/a"}]})");
  EXPECT_TRUE(asked.up(1).is_cancelled());
  EXPECT_THAT(asked.reasons(), ElementsAre("", "upstream_timeout"));
}

TEST(RunningModelsTest, AServerThatFailsIsLeftOutWithItsReason) {
  Asked asked(4);
  asked.up(0).fail(UpstreamFailure::kConnect, "refused");
  asked.up(1).headers(401);
  asked.up(2).headers(200);
  asked.up(2).body_bytes(std::string(2 << 20, ' '));
  asked.up(2).complete();
  asked.up(1).complete();
  asked.answers(3, R"({"models":[{"name":"d"}]})");
  EXPECT_EQ(asked.harness.sink.body, R"({"models":[{"name":"p3/d"}]})");
  EXPECT_THAT(asked.reasons(),
              ElementsAre("upstream_connect_failed", "refused", "upstream_invalid_answer", ""));
}

TEST(RunningModelsTest, ACompressedListIsRead) {
  Asked asked(1);
  ResponseHead head;
  head.headers.add("content-encoding", "gzip");
  asked.up(0).headers(std::move(head));
  asked.up(0).body_bytes(test::compressed("gzip", R"({"models":[{"name":"a"}]})"));
  asked.up(0).complete();
  asked.harness.settle();
  EXPECT_EQ(asked.harness.sink.body, R"({"models":[{"name":"one/a"}]})");
}

TEST(RunningModelsTest, AKeySeesWhatItMayUse) {
  constexpr std::string_view kThree =
      R"({"models":[{"name":"a:latest"},{"name":"a:8b"},{"name":"b"}]})";
  const struct {
    std::string allowed, seen;
  } cases[] = {{"one/a", R"({"models":[{"name":"one/a:latest"}]})"},
               {"one/a*", R"({"models":[{"name":"one/a:latest"},{"name":"one/a:8b"}]})"},
               {"two/*", R"({"models":[]})"}};
  for (const auto& [allowed, seen] : cases) {
    Asked asked(1, {allowed});
    asked.answers(0, kThree);
    EXPECT_EQ(asked.harness.sink.body, seen) << allowed;
  }
}

TEST(RunningModelsTest, NoMoreThanThirtyTwoAreAsked) {
  Asked asked(40);
  EXPECT_EQ(asked.harness.exchange.pools().count(), 32u);
}

TEST(RunningModelsTest, WithoutServersTheListIsEmpty) {
  Asked asked(0);
  EXPECT_EQ(asked.harness.sink.body, R"({"models":[]})");
}

TEST(RunningModelsTest, AClientThatLeavesIsToldNothing) {
  Asked asked;
  asked.harness.exchange.over = true;
  asked.up(0).fail(UpstreamFailure::kReset, "x");
  asked.up(1).fail(UpstreamFailure::kReset, "x");
  asked.harness.settle();
  EXPECT_TRUE(asked.harness.sink.events.empty());
  asked.harness.end();
  EXPECT_TRUE(asked.up(0).is_cancelled());
}

}  // namespace
}  // namespace omni::filters
