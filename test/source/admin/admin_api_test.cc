#include "source/admin/admin_api.h"

#include <absl/strings/escaping.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/admin/admin_filter.h"
#include "source/routing/cell_registry.h"
#include "test/support/chain_harness.h"
#include "test/support/fake_clock.h"
#include "test/support/json.h"

namespace omni {
namespace {

struct UsageDesk final : ControlPlane {
  void handle(AdminRequest request, AdminDone done) override { done({.body = request.path}); }
};

struct Office final : SessionSource, HealthSource, LatencySource {
  AdminReply ask(std::string method, std::string path, std::string authorization = "") {
    AdminRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.authorization = Secret(std::move(authorization));
    AdminReply reply;
    api.handle(std::move(request), [&reply](AdminReply made) { reply = std::move(made); });
    return reply;
  }
  static std::string basic(std::string_view pair) {
    return "Basic " + absl::Base64Escape(absl::string_view(pair.data(), pair.size()));
  }
  std::shared_ptr<const Snapshot> snapshot() const override { return shown; }
  void reset_health() override { ++resets; }
  void list_sessions(Listed done) override { done(sessions, absl::FromUnixSeconds(1000)); }
  void list_latencies(Latencies done) override { done(latencies); }
  ProviderLatencies latencies;
  std::vector<SessionInfo> sessions;
  ConfigStatus status;
  StatRegistry stats;
  std::shared_ptr<const Snapshot> shown;
  int resets = 0;
  test::FakeClock clock;
  SessionSource& as_sessions = *this;
  HealthSource& as_health = *this;
  LatencySource& as_latencies = *this;
  UsageDesk usage, receipts;
  AdminApi api{status, stats, as_sessions, as_health, as_latencies, {usage, receipts}, clock};
};

TEST(AdminApiTest, TheStatusOfTheConfigurationIsJson) {
  Office office;
  office.status.generation = 3;
  office.status.source = "/etc/\"odd\".yaml";
  office.status.loaded_at = absl::FromUnixSeconds(0);
  office.status.reload_failures = 2;
  auto json = test::parse_json(office.ask("GET", "/api/config/status").body);
  EXPECT_EQ(json["generation"], 3);
  EXPECT_EQ(json["source"], "/etc/\"odd\".yaml");
  EXPECT_EQ(json["loadedAt"], "1970-01-01T00:00:00+00:00");
  EXPECT_TRUE(json["lastError"].is_null());
  EXPECT_EQ(json["reloadFailures"], 2);
  office.status.last_error = ConfigError();
  office.status.last_error->file = "a.yaml";
  office.status.last_error->line = 7;
  office.status.last_error->message = "no \"such\" key";
  json = test::parse_json(office.ask("GET", "/api/config/status").body);
  EXPECT_EQ(json["lastError"]["line"], 7);
  EXPECT_EQ(json["lastError"]["message"], "no \"such\" key");
}

TEST(AdminApiTest, ResilienceTellsWhoRestsAndWhichBreakersAreOpen) {
  Office office;
  std::vector<Provider> providers(2);
  providers[0].id = "a";
  providers[0].accounts.push_back({.name = "x", .connection = "a/x"});
  providers[1].id = "b";
  routing::CellRegistry cells;
  cells.attach(providers);
  const int64_t now_ms = absl::ToUnixMillis(office.clock.now());
  providers[0].accounts[0].cell->cooldown.begin(now_ms, {}, 60000, true);
  providers[0].accounts[0].cell->last_status = 429;
  providers[1].cell->breaker.on_failure(now_ms, {.failures = 1, .reset_ms = 30000});
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->providers = std::make_shared<const ProviderList>(providers);
  office.shown = snapshot;
  auto json = test::parse_json(office.ask("GET", "/api/resilience").body);
  EXPECT_EQ(json["providerBreaker"]["apikey"]["failureThreshold"], 12);
  const auto& connection = json["providers"][0]["connections"][0];
  EXPECT_EQ(connection["connectionId"], "a/x");
  EXPECT_EQ(connection["status"], "cooling_down");
  EXPECT_EQ(connection["errorCode"], 429);
  EXPECT_EQ(connection["mayBeTriedBefore"], false);
  EXPECT_EQ(json["providers"][1]["breaker"]["state"], "OPEN");
  EXPECT_EQ(office.ask("GET", "/api/resilience/reset").status, 405);
  EXPECT_EQ(office.ask("POST", "/api/resilience").status, 405);
  EXPECT_EQ(office.ask("POST", "/api/resilience/reset").status, 200);
  EXPECT_EQ(office.resets, 1);
}

TEST(AdminApiTest, RateLimitsTellWhatIsConfiguredLearnedAndUnderWay) {
  Office office;
  std::vector<Provider> providers(2);
  providers[0].id = "a";
  providers[0].models = {{.id = "m"}};
  providers[0].accounts = {{.name = "x", .connection = "a/x"}, {.name = "y", .connection = "a/y"}};
  providers[1].is_demo = true;
  routing::CellRegistry cells;
  cells.attach(providers);
  const int64_t now_ms = absl::ToUnixMillis(office.clock.now());
  routing::AccountCell& cell = *providers[0].accounts[0].cell;
  cell.in_flight = 3;
  cell.waiting = 2;
  cell.quota.store({.is_known = true, .share = 0.25, .reset_ms = now_ms + 30000});
  cell.limits[0].limit = 60;
  cell.limits[0].remaining = 15;
  cell.limits[0].reset_ms = now_ms + 30000;
  cell.limits[1].limit = 9000;
  cell.limits[1].remaining = 1;
  cell.limits[1].reset_ms = now_ms - 1;
  cell.lock("m", now_ms, {.until_ms = now_ms + 4000, .is_hard = true});
  cell.lock("elsewhere", now_ms, {.until_ms = now_ms + 9000});
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->providers = std::make_shared<const ProviderList>(providers);
  office.shown = snapshot;
  auto json = test::parse_json(office.ask("GET", "/api/rate-limits").body);
  ASSERT_EQ(json["connections"].size(), 2u) << "the demo provider has no limits";
  const auto& busy = json["connections"][0];
  EXPECT_EQ(busy["connectionId"], "a/x");
  EXPECT_EQ(busy["provider"], "a");
  EXPECT_EQ(busy["name"], "x");
  EXPECT_EQ(busy["rateLimitProtection"], false);
  EXPECT_TRUE(busy["configured"].is_null());
  EXPECT_EQ(busy["active"], true);
  EXPECT_EQ(busy["queued"], 2);
  EXPECT_EQ(busy["running"], 3);
  EXPECT_EQ(busy["remainingPercent"], 25.0);
  EXPECT_TRUE(busy["resetAt"].is_string());
  EXPECT_EQ(busy["limits"]["requests"]["limit"], 60);
  EXPECT_EQ(busy["limits"]["requests"]["remaining"], 15);
  EXPECT_EQ(busy["limits"]["tokens"]["limit"], 9000);
  EXPECT_TRUE(busy["limits"]["tokens"]["remaining"].is_null()) << "its end has come";
  EXPECT_FALSE(busy["limits"].contains("inputTokens"));
  const auto& idle = json["connections"][1];
  EXPECT_EQ(idle["active"], false);
  EXPECT_TRUE(idle["remainingPercent"].is_null());
  EXPECT_TRUE(idle["limits"].empty());
  EXPECT_EQ(json["overview"]["a:a/x"]["queued"], 2);
  EXPECT_EQ(json["overview"]["a:a/y"]["running"], 0);
  ASSERT_EQ(json["lockouts"].size(), 2u);
  EXPECT_EQ(json["lockouts"][0]["model"], "m");
  EXPECT_EQ(json["lockouts"][0]["reason"], "rate_limit_exceeded");
  EXPECT_EQ(json["lockouts"][0]["connectionId"], "a/x");
  EXPECT_NEAR(json["lockouts"][0]["remainingMs"].get<double>(), 4000, 1000);
  EXPECT_TRUE(json["lockouts"][1]["model"].is_null()) << "nobody lists it";
  EXPECT_EQ(json["cacheStats"]["entries"], 1);

  auto queued = std::make_shared<Snapshot>(*snapshot);
  queued->resilience.queue = {.enabled = true, .per_minute = 30, .min_gap_ms = 0, .concurrent = 4};
  office.shown = queued;
  json = test::parse_json(office.ask("GET", "/api/rate-limit").body);
  EXPECT_FALSE(json.contains("lockouts"));
  EXPECT_FALSE(json.contains("cacheStats"));
  EXPECT_EQ(json["connections"][1]["rateLimitProtection"], true);
  EXPECT_EQ(json["connections"][1]["configured"]["requestsPerMinute"], 30);
  EXPECT_EQ(json["connections"][1]["configured"]["concurrentRequests"], 4);
  EXPECT_EQ(office.ask("POST", "/api/rate-limits").status, 405);
  office.api.set_password(Secret("open:sesame"));
  EXPECT_EQ(office.ask("GET", "/api/rate-limits").status, 401);
  EXPECT_EQ(office.ask("GET", "/api/rate-limits", Office::basic("x:open:sesame")).status, 200);
}

TEST(AdminApiTest, LiveSessionsAreListedOnceHoweverManyWorkersKnowThem) {
  Office office;
  const absl::Time t = absl::FromUnixSeconds(900);
  office.sessions = {{"ext:a", t, t, 2, "openai/main"},
                     {"00ff", t, t + absl::Seconds(50), 1, ""},
                     {"ext:a", t - absl::Seconds(10), t + absl::Seconds(10), 3, ""}};
  const auto json = test::parse_json(office.ask("GET", "/api/sessions").body);
  EXPECT_EQ(json["count"], 2);
  EXPECT_EQ(json["sessions"][0]["sessionId"], "00ff");
  EXPECT_TRUE(json["sessions"][0]["connectionId"].is_null());
  const auto& merged = json["sessions"][1];
  EXPECT_EQ(merged["requestCount"], 5);
  EXPECT_EQ(merged["createdAt"], 890000);
  EXPECT_EQ(merged["lastActive"], 910000);
  EXPECT_EQ(merged["ageMs"], 110000);
  EXPECT_EQ(merged["connectionId"], "openai/main");
}

TEST(AdminApiTest, TheDescriptionOfAllPathsIsForEverybody) {
  Office office;
  office.api.set_password(Secret("open:sesame"));
  const AdminReply reply = office.ask("GET", "/openapi.json");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(test::parse_json(reply.body)["openapi"].get<std::string>().substr(0, 2), "3.");
  EXPECT_EQ(office.ask("GET", "/api/sessions").status, 401);
}

TEST(AdminApiTest, MetricsHaveWhatIsCountedAndHowFastProvidersAre) {
  Office office;
  office.stats.counter("things_total", "Things.");
  office.latencies["up"].total.add(2'000'000);
  office.latencies["up"].total_sum.add(2'000'000);
  const AdminReply reply = office.ask("GET", "/metrics");
  EXPECT_THAT(reply.content_type, testing::StartsWith("text/plain; version=0.0.4"));
  EXPECT_THAT(reply.body, testing::HasSubstr("\nomniroute_things_total 0\n"));
  EXPECT_THAT(reply.body,
              testing::HasSubstr("\nomniroute_provider_attempt_seconds_sum{provider=\"up\"} 2\n"));
}

TEST(AdminApiTest, ProvidersThatAnsweredNobodyHaveNoLatency) {
  EXPECT_EQ(Office().ask("GET", "/api/telemetry/summary").body, R"({"providers":{}})");
}

TEST(AdminApiTest, UsageIsReadByThoseWhoMay) {
  Office office;
  EXPECT_EQ(office.ask("GET", "/api/usage/history").body, "/api/usage/history");
  EXPECT_EQ(office.ask("POST", "/api/usage/history").status, 405);
  office.api.set_password(Secret("open:sesame"));
  EXPECT_EQ(office.ask("GET", "/api/usage/history").status, 401);
}

TEST(AdminApiTest, OtherPathsAndMethodsAreSaidToBeWrong) {
  Office office;
  EXPECT_EQ(office.ask("GET", "/api/nothing").status, 404);
  const AdminReply wrong = office.ask("DELETE", "/api/config/status");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_FALSE(wrong.headers.empty());
  EXPECT_EQ(office.ask("GET", "/metrics").status, 200);
  EXPECT_EQ(office.ask("POST", "/metrics").status, 405);
}

TEST(AdminApiTest, APasswordIsAskedForWithAnyUserName) {
  Office office;
  office.api.set_password(Secret(std::string("open:sesame")));
  const std::string path = "/api/config/status";
  const AdminReply refused = office.ask("GET", path);
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.headers[0].first, "www-authenticate");
  for (const std::string& good : {Office::basic("admin:open:sesame"), Office::basic(":open:sesame"),
                                  "basic  " + Office::basic("x:open:sesame").substr(6) + " "})
    EXPECT_EQ(office.ask("GET", path, good).status, 200) << good;
  for (const std::string& bad :
       {Office::basic("admin:open:sesam"), Office::basic("admin:"), Office::basic("open:sesame"),
        Office::basic("openwithoutcolon"), std::string("Bearer open:sesame"),
        std::string("Basic ???"), std::string("Basic"), std::string("open:sesame")})
    EXPECT_EQ(office.ask("GET", path, bad).status, 401) << bad;
  EXPECT_EQ(office.ask("GET", "/api/nothing").status, 401) << "strangers learn nothing";
}

// The request crosses to the control thread and back by messages.
TEST(AdminFilterTest, AnswersOverTheControlPlane) {
  Office office;
  test::FakeDispatcher control;
  test::ChainHarness harness;
  harness.add(AdminFilter::make_template(control, office.api));
  harness.exchange.facts().path = "/api/config/status";
  harness.exchange.request().method = "GET";
  harness.send("");
  EXPECT_TRUE(harness.sink.events.empty()) << "the worker does not wait";
  control.run_until_idle();
  harness.settle();
  EXPECT_EQ(harness.sink.head->status, 200);
  EXPECT_EQ(harness.sink.head->headers.value("cache-control"), "no-store");
  EXPECT_EQ(harness.sink.body, render_config_status(office.status));
  EXPECT_TRUE(harness.sink.is_complete());
}

TEST(AdminFilterTest, AnAnswerForAClientThatLeftIsDropped) {
  Office office;
  test::FakeDispatcher control;
  test::ChainHarness harness;
  harness.add(AdminFilter::make_template(control, office.api));
  harness.exchange.request().method = "GET";
  harness.send("");
  harness.end();
  control.run_until_idle();
  harness.settle();
  EXPECT_TRUE(harness.sink.events.empty());
}

}  // namespace
}  // namespace omni
