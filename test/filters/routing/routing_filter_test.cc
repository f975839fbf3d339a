#include "filters/routing/routing_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "test/support/fake_context.h"
#include "test/support/fake_exchange.h"
#include "test/support/json.h"
#include "test/support/test_snapshot.h"

namespace omni::filters {
namespace {

using testing::HasSubstr;

struct Desk {
  explicit Desk(test::SnapshotBuilder& builder) : exchange(builder.build()) {}

  std::string route(std::string_view model) {
    exchange.read_chat(R"({"model":")" + std::string(model) + "\"}");
    return run();
  }
  std::string run() {
    filter.on_request_headers(exchange.request());
    if (context.replies.empty()) return "ok";
    return std::to_string(context.replies[0].status) + " " + context.replies[0].code;
  }
  const auto& targets() { return exchange.facts().plan.targets; }

  test::FakeExchange exchange;
  test::FakeContext context{exchange};
  RoutingFilter::Config config;
  RoutingFilter filter{config, context};
};

TEST(RoutingFilterTest, PlansTheTargetThatTheNameMeans) {
  test::SnapshotBuilder builder;
  builder.provider("openai", {"gpt-4o"}).alias("fast", "openai/gpt-4o");
  Desk desk(builder);
  EXPECT_EQ(desk.route("fast"), "ok");
  ASSERT_EQ(desk.targets().size(), 1u);
  EXPECT_EQ(desk.targets()[0].provider->id, "openai");
  EXPECT_EQ(desk.targets()[0].model, "gpt-4o");
  EXPECT_EQ(desk.targets()[0].account, nullptr) << "chosen when it is tried";
}

TEST(RoutingFilterTest, AComboIsPlannedByTheTargetsThatTheKeyMayUse) {
  test::SnapshotBuilder builder;
  builder.provider("a", {"m"}).provider("b", {"m"}).provider("c", {"m"});
  builder.key("sk-some", {.name = "some", .allowed_models = {"a/*", "c/*"}});
  builder.key("sk-none", {.name = "none", .allowed_models = {"d/*"}});
  builder.key("sk-name", {.name = "name", .allowed_models = {"best"}});
  builder.key("sk-long", {.name = "long", .allowed_models = {"combo/best"}});
  builder.combo({.name = "best", .steps = {{.model = "a/m"}, {.model = "b/m"}, {.model = "c/m"}}});
  const auto plan = [&, snapshot = builder.build()](std::string_view key, std::string_view model) {
    test::FakeExchange exchange(snapshot);
    test::FakeContext context{exchange};
    RoutingFilter::Config config;
    RoutingFilter filter(config, context);
    exchange.read_chat(R"({"model":")" + std::string(model) + "\"}");
    exchange.facts().principal.key = snapshot->keys->find(key);
    filter.on_request_headers(exchange.request());
    if (!context.replies.empty()) return context.replies[0].code;
    std::string out;
    for (const uint16_t place : exchange.facts().plan.places) out += std::to_string(place);
    return out;
  };
  EXPECT_EQ(plan("", "best"), "012");
  EXPECT_EQ(plan("sk-name", "combo/best"), "012") << "another name of what it may use";
  EXPECT_EQ(plan("sk-long", "best"), "012");
  EXPECT_EQ(plan("sk-name", "best"), "012");
  EXPECT_EQ(plan("sk-some", "combo/best"), "02");
  EXPECT_EQ(plan("sk-none", "best"), "model_not_allowed");
  EXPECT_EQ(plan("", "combo/worst"), "model_not_found");
}

TEST(RoutingFilterTest, StagesArePlannedByTheTargetsThatTheKeyMayUse) {
  test::SnapshotBuilder builder;
  builder.provider("a", {"m"}).provider("b", {"m"}).provider("c", {"m"});
  builder.key("sk-some", {.name = "some", .allowed_models = {"a/*", "c/*"}});
  builder.combo({.name = "safe", .steps = {{.model = "b/m"}, {.model = "c/m"}}});
  builder.combo({.name = "line",
                 .strategy = routing::Strategy::kPipeline,
                 .steps = {{.model = "a/m"}, {.combo = "safe"}, {.model = "b/m"}}});
  builder.combo({.name = "relay",
                 .strategy = routing::Strategy::kContextRelay,
                 .steps = {{.model = "a/m"},
                           {.model = "b/m"},
                           {.model = "c/m", .role = routing::StageRole::kSummary}}});
  const auto plan = [&, snapshot = builder.build()](std::string_view key, std::string_view model) {
    test::FakeExchange exchange(snapshot);
    test::FakeContext context{exchange};
    RoutingFilter::Config config;
    RoutingFilter filter(config, context);
    exchange.read_chat(R"({"model":")" + std::string(model) + "\"}");
    exchange.facts().principal.key = snapshot->keys->find(key);
    filter.on_request_headers(exchange.request());
    const Plan& made = exchange.facts().plan;
    std::string out;
    for (const uint16_t place : made.places) out += std::to_string(place);
    if (made.stages == nullptr) return out;
    for (const routing::StagePlan& each : made.stages->all) {
      out += " " + each.plan.combo->name + ":";
      for (const uint16_t place : each.plan.places) out += std::to_string(place);
    }
    return out;
  };
  EXPECT_EQ(plan("", "safe"), "01");
  EXPECT_EQ(plan("", "line"), "0123 line:0 safe:01 line:3");
  EXPECT_EQ(plan("sk-some", "line"), "02 line:0 safe:1 line:");
  EXPECT_EQ(plan("", "relay"), "01 relay:2");
}

TEST(RoutingFilterTest, AutoIsPlannedByTheModelsThatTheKeyMayUse) {
  test::SnapshotBuilder builder;
  builder.provider("a", {"m"}).provider("b", {"coder"});
  builder.key("sk-some", {.name = "some", .allowed_models = {"b/*"}});
  const auto plan = [&, snapshot = builder.build()](std::string_view key, std::string_view model,
                                                    std::string_view mode = "") {
    test::FakeExchange exchange(snapshot);
    test::FakeContext context{exchange};
    RoutingFilter::Config config;
    RoutingFilter filter(config, context);
    exchange.read_chat(R"({"model":")" + std::string(model) + "\"}");
    exchange.facts().principal.key = snapshot->keys->find(key);
    if (!mode.empty()) exchange.request().headers.add("x-omniroute-mode", mode);
    filter.on_request_headers(exchange.request());
    if (!context.replies.empty()) return context.replies[0].code;
    std::string out;
    const Plan& made = exchange.facts().plan;
    for (const uint16_t place : made.places) out += made.combo->targets[place].target.provider->id;
    return out;
  };
  EXPECT_EQ(plan("", "auto"), "ab");
  EXPECT_EQ(plan("", "auto/coding"), "b");
  EXPECT_EQ(plan("sk-some", "auto"), "b");
  EXPECT_EQ(plan("", "auto", "Fast"), "ab");
  EXPECT_EQ(plan("", "auto", "swift"), "invalid_header");
  EXPECT_EQ(plan("", "auto/offline"), "no_connected_providers");
  EXPECT_EQ(plan("", "auto/quick"), "model_not_found");
}

TEST(RoutingFilterTest, ANameThatMeansNothingIsRefusedInTheClientsTerms) {
  test::SnapshotBuilder builder;
  builder.provider("a", {"m"}).provider("b", {"m"});
  EXPECT_EQ(Desk(builder).route("gpt-9"), "400 model_not_found");
  builder = {};
  builder.provider("a", {"m"}).provider("b", {"m"});
  Desk desk(builder);
  EXPECT_EQ(desk.route("m"), "400 ambiguous_model");
  EXPECT_EQ(desk.context.replies[0].param, "model");
}

TEST(RoutingFilterTest, AProviderWithoutAnAccountIsSaidToHaveNone) {
  test::SnapshotBuilder builder;
  builder.provider("p", {"m"});
  builder.last().accounts.clear();
  Desk desk(builder);
  EXPECT_EQ(desk.route("p/m"), "401 no_credentials");
  EXPECT_THAT(desk.context.replies[0].message, HasSubstr("provider: p"));
}

TEST(RoutingFilterTest, ProvidersThatNeedNoKeyNeedNoAccount) {
  test::SnapshotBuilder builder;
  builder.demo().provider("local", {"m"});
  builder.last().accounts.clear();
  builder.last().auth = AuthStyle::kNone;
  const auto snapshot = builder.build();
  for (const std::string_view name : {"demo/echo", "local/m"}) {
    test::FakeExchange exchange(snapshot);
    test::FakeContext context(exchange);
    const RoutingFilter::Config config;
    RoutingFilter filter(config, context);
    exchange.read_chat(R"({"model":")" + std::string(name) + "\"}");
    filter.on_request_headers(exchange.request());
    EXPECT_TRUE(context.replies.empty()) << name;
    EXPECT_EQ(exchange.facts().plan.targets.size(), 1u);
  }
}

TEST(RoutingFilterTest, AKeyReachesOnlyTheModelsItMay) {
  const struct {
    std::string glob, asked;
    bool may;
  } cases[] = {{"gpt-*", "gpt-4o", true},     {"gpt-*", "openai/gpt-4o", true},
               {"openai/*", "gpt-4o", true},  {"fast", "fast", true},
               {"claude-*", "gpt-4o", false}, {"slow", "fast", false},
               {"gpt-4", "gpt-4o", false},    {"*", "gpt-4o", true}};
  for (const auto& [glob, asked, may] : cases) {
    test::SnapshotBuilder builder;
    builder.provider("openai", {"gpt-4o"}).alias("fast", "openai/gpt-4o");
    Desk desk(builder);
    const GatewayKey key{.id = "1", .name = "k", .allowed_models = {glob}};
    desk.exchange.facts().principal.key = &key;
    EXPECT_EQ(desk.route(asked), may ? "ok" : "403 model_not_allowed") << glob << " " << asked;
  }
}

TEST(RoutingFilterTest, ListsTheModelsThatTheKeyMayUse) {
  test::SnapshotBuilder builder;
  builder.provider("openai", {"gpt-4o", "o1"}).alias("fast", "openai/gpt-4o");
  Desk desk(builder);
  const GatewayKey key{.id = "1", .name = "k", .allowed_models = {"gpt-*"}};
  desk.exchange.facts().principal.key = &key;
  desk.exchange.facts().endpoint = Endpoint::kModels;
  EXPECT_EQ(desk.run(), "ok");
  ASSERT_TRUE(desk.context.complete);
  EXPECT_EQ(desk.context.response->content_length, desk.context.body.size());
  EXPECT_THAT(desk.context.body, HasSubstr("openai/gpt-4o"));
  EXPECT_THAT(desk.context.body, testing::Not(HasSubstr("openai/o1")));
}

TEST(RoutingFilterTest, OllamaServersWithAKeyOrNoNeedOfOneAreAskedWhatRuns) {
  test::SnapshotBuilder builder;
  builder.provider("openai", {});
  for (const char* id : {"local", "remote", "keyless"})
    builder.provider(id, {}).last().dialect = Dialect::kOllama;
  builder.last().accounts.clear();
  builder.provider("open", {});
  builder.last().dialect = Dialect::kOllama;
  builder.last().accounts.clear();
  builder.last().auth = AuthStyle::kNone;
  Desk desk(builder);
  desk.exchange.facts().endpoint = Endpoint::kRunning;
  EXPECT_EQ(desk.run(), "ok");
  std::vector<std::string> ids;
  for (const Target& target : desk.targets()) ids.push_back(target.provider->id);
  EXPECT_THAT(ids, testing::ElementsAre("local", "remote", "open"));
}

TEST(RoutingFilterTest, ShowsOneModelOrSaysThatThereIsNone) {
  const auto show = [](std::string_view id, std::vector<std::string> allowed = {}) {
    test::SnapshotBuilder builder;
    builder.provider("openai", {"gpt-4o"});
    Desk desk(builder);
    const GatewayKey key{.id = "1", .name = "k", .allowed_models = std::move(allowed)};
    desk.exchange.facts().principal.key = &key;
    desk.exchange.facts().endpoint = Endpoint::kModel;
    desk.exchange.facts().resource = id;
    const std::string result = desk.run();
    return result == "ok" ? test::parse_json(desk.context.body)["id"].get<std::string>() : result;
  };
  EXPECT_EQ(show("gpt-4o"), "gpt-4o");
  EXPECT_EQ(show("openai/gpt-4o"), "openai/gpt-4o");
  EXPECT_EQ(show("nothing"), "404 model_not_found");
  EXPECT_EQ(show("gpt-4o", {"claude-*"}), "404 model_not_found");
  EXPECT_EQ(show("a\nb"), "404 model_not_found");
}

}  // namespace
}  // namespace omni::filters
