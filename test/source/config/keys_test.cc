// What a key of the file may be limited to.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "source/config/snapshot_builder.h"
#include "test/source/config/fake_world.h"

namespace omni {
namespace {

std::string key_with(const std::string& fields) {
  return "keys:\n  - name: a\n    key: k\n    " + fields + "\n";
}

KeyConfig only_key(const std::string& fields) {
  FakeWorld world;
  const LoadResult result = world.load(key_with(fields));
  for (const ConfigError& error : result.errors) ADD_FAILURE() << error.text();
  return result.config.keys.at(0);
}

TEST(KeyLimitsConfigTest, WindowsAreOfRequestsUnlessTheySay) {
  const KeyConfig key = only_key(
      "rate_limits: [{ limit: 60, window: 60s }, { limit: 100000, window: 1h, of: tokens }]");
  EXPECT_EQ(key.rules.rate_limits, (std::vector<RateLimit>{{60, 60, Measure::kRequests},
                                                           {100000, 3600, Measure::kTokens}}));
}

TEST(KeyLimitsConfigTest, ABudgetIsMonthlyAndWarnsAtFourFifths) {
  const KeyConfig least = only_key("budget: { limit: 50.0 }");
  EXPECT_EQ(*least.rules.budget, (MoneyBudget{.limit_nanos = 50'000'000'000,
                                              .period = BudgetPeriod::kMonthly,
                                              .warn_nanos = 40'000'000'000}));
  const KeyConfig full = only_key("budget: { limit: 0.25, period: weekly, warn_at: 1 }");
  EXPECT_EQ(*full.rules.budget, (MoneyBudget{.limit_nanos = 250'000'000,
                                             .period = BudgetPeriod::kWeekly,
                                             .warn_nanos = 250'000'000}));
}

TEST(KeyLimitsConfigTest, PolicyOfAKey) {
  const KeyConfig key = only_key(
      "disabled: true\n    no_log: true\n    max_sessions: 4\n"
      "    expires_at: 2027-01-31T00:00:00Z\n    allowed_connections: [openai/main]\n"
      "    schedule: { from: \"22:00\", until: \"06:00\", days: [mon, fri], tz: Europe/Berlin }");
  EXPECT_TRUE(key.disabled);
  EXPECT_TRUE(key.no_log);
  EXPECT_EQ(key.rules.max_sessions, 4u);
  EXPECT_EQ(key.expires_at, absl::FromUnixSeconds(1'801'353'600));
  EXPECT_EQ(key.allowed_connections, std::vector<std::string>{"openai/main"});
  EXPECT_EQ(key.schedule->text(), "22:00-06:00 Europe/Berlin");
  EXPECT_EQ(key.schedule->days, 0x11);
}

TEST(KeyLimitsConfigTest, MistakesAreToldWhereTheyStand) {
  const struct {
    const char *fields, *error;
  } rows[] = {
      {"rate_limits: [{ limit: 0, window: 60s }]", "4:28: keys[0].rate_limits[0].limit: "},
      {"rate_limits: [{ limit: 1, window: 500ms }]", "4:39: keys[0].rate_limits[0].window: "},
      {"rate_limits: [{ limit: 1, window: 1500ms }]",
       "4:39: keys[0].rate_limits[0].window: must be whole seconds"},
      {"rate_limits: [{ limit: 1 }]", "4:19: keys[0].rate_limits[0]: 'window' is missing"},
      {"rate_limits: [{ limit: 1, window: 60s, of: words }]",
       "4:48: keys[0].rate_limits[0].of: expected requests or tokens, found 'words'"},
      {"rate_limits: [{ limit: 1, window: 60s }, { limit: 2, window: 1m }]",
       "4:46: keys[0].rate_limits[1]: another limit has the same window"},
      {"budget: { limit: 0 }", "4:22: keys[0].budget.limit: must be more than 0"},
      {"budget: { period: daily }", "4:13: keys[0].budget: 'limit' is missing"},
      {"budget: { limit: 1, period: dayly }",
       "4:33: keys[0].budget.period: expected daily, weekly or monthly, found 'dayly'; did you"},
      {"budget: { limit: 1, warn_at: 80 }", "4:34: keys[0].budget.warn_at: must be a part"},
      {"schedule: { from: \"8:00\", until: \"17:00\" }",
       "4:23: keys[0].schedule.from: expected a time of day"},
      {"schedule: { from: \"08:00\", until: \"17:00\", days: [monday] }",
       "keys[0].schedule.days: each must be one of mon"},
      {"schedule: { from: \"08:00\", until: \"17:00\", tz: Mars }",
       "keys[0].schedule.tz: no time zone is named 'Mars'"},
      {"expires_at: tomorrow", "4:17: keys[0].expires_at: expected a time such as"},
      {"max_sessions: 5000", "4:19: keys[0].max_sessions: "},
  };
  for (const auto& row : rows) {
    FakeWorld world;
    const std::string errors = world.errors(key_with(row.fields));
    EXPECT_NE(errors.find(row.error), std::string::npos) << row.fields << "\n" << errors;
    EXPECT_EQ(errors.find('\n'), errors.size() - 1) << errors;
  }
}

std::shared_ptr<const Snapshot> build(SnapshotBuilder& builder, const std::string& fields) {
  FakeWorld world;
  const LoadResult result = world.load(key_with(fields));
  EXPECT_TRUE(result.ok());
  auto built = builder.build(result.config, {}, absl::UnixEpoch());
  EXPECT_TRUE(built.ok());
  return *built;
}

TEST(KeyLimitsConfigTest, AReloadKeepsWhatWasCounted) {
  SnapshotBuilder builder(Secret("pepper"));
  const auto before = build(builder, "rate_limits: [{ limit: 3, window: 60s }]");
  RateClaim claim;
  EXPECT_TRUE(before->keys->has_limits);
  EXPECT_EQ(claim.take(before->keys->find("k")->limits.windows, 0, 60), nullptr);
  const auto after =
      build(builder, "rate_limits: [{ limit: 5, window: 60s }, { limit: 9, window: 1h }]");
  const std::vector<RateWindow>& windows = after->keys->find("k")->limits.windows;
  ASSERT_EQ(windows.size(), 2u);
  EXPECT_EQ(windows[0].remaining(60), 9);
  EXPECT_EQ(windows[1].remaining(60), 4);
}

TEST(KeyLimitsConfigTest, StoredKeysHaveLimitsToo) {
  SnapshotBuilder builder(Secret("pepper"));
  GatewayKey stored{.id = "key_1", .name = "s"};
  stored.rules.max_sessions = 2;
  auto built = builder.build(GatewayConfig(), {stored}, absl::UnixEpoch());
  ASSERT_TRUE(built.ok());
  EXPECT_TRUE((*built)->keys->has_limits);
  EXPECT_EQ((*built)->keys->by_hash.begin()->second->limits.sessions->most(), 2u);
}

constexpr char kLimits[] = "limits";
constexpr char kResponses[] = "responses";

std::string row_of(FakeWorld& world, const std::string& filters) {
  const LoadResult result = world.load(
      "providers: [{ id: demo, type: demo }]\nlisteners:\n- address: 127.0.0.1:0\n"
      "  routes: [{ match: { prefix: /v1 }, filters: [" +
      filters + "] }]\n");
  std::string names;
  for (const ConfigError& error : result.errors) names += error.text() + "\n";
  if (!result.errors.empty()) return names;
  for (const FilterUse& use : result.config.listeners.at(0).routes.at(0).filters)
    names += use.name + " ";
  return names;
}

TEST(LimitsRowTest, LimitsStandBehindAuthAndBeforeWhatTheyCount) {
  FakeWorld world;
  world.registry.add<FakePlain<kLimits>>();
  world.registry.add<FakePlain<kResponses>>();
  const std::string rest = "translation: {}, routing: {}, upstream: {}";
  EXPECT_EQ(row_of(world, "auth: {}, " + rest),
            "auth limits responses translation routing upstream ");
  EXPECT_EQ(row_of(world, "auth: {}, responses: {}, " + rest),
            "auth limits responses translation routing upstream ");
  EXPECT_EQ(row_of(world, rest), "limits responses translation routing upstream ");
  world.registry.add<FakePlain<kCache>>();
  EXPECT_EQ(row_of(world, "auth: {}, limits: {}, cache: {}, " + rest),
            "auth limits responses cache translation routing upstream ");
  EXPECT_NE(row_of(world, "limits: {}, auth: {}, " + rest)
                .find("must come before limits: what is limited depends on the key"),
            std::string::npos);
}

}  // namespace
}  // namespace omni
