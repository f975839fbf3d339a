// The configurations that ship with the program, and `omniroute check`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "source/config/check.h"
#include "source/config/not_built.h"
#include "test/source/config/fake_world.h"
#include "test/support/json.h"

namespace omni {
namespace {

using testing::HasSubstr;

constexpr char kCertificate[] = "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n";

// The real files; certificates are whatever is asked for.
ConfigInput shipped(FakeWorld& world) {
  ConfigInput input = world.input();
  input.read_file = [real = ConfigInput::real().read_file](const std::string& path) {
    if (path.find("tls/") != std::string::npos)
      return absl::StatusOr<std::string>(std::string(kCertificate));
    return real(path);
  };
  return input;
}

LoadResult load_shipped(FakeWorld& world, const std::string& name) {
  return load_config(std::string(OMNI_SOURCE_DIR) + "/configs/" + name,
                     {world.registry, world.stats, world.store, shipped(world)});
}

std::string errors_of(const LoadResult& result) {
  std::string out;
  for (const ConfigError& error : result.errors) out += error.text() + "\n";
  return out;
}

// Filters of this version take more than the smallest fake does.
class FullUpstream final : public Filter {
 public:
  static constexpr std::string_view kName = "upstream";
  struct Config {
    static absl::StatusOr<Config> parse(const ConfigNode& node, FilterEnv&) {
      OMNI_RETURN_IF_ERROR(node.duration("timeout", absl::Seconds(1)).status());
      OMNI_RETURN_IF_ERROR(node.duration("connect_timeout", absl::Seconds(1)).status());
      OMNI_RETURN_IF_ERROR(node.done());
      return Config{};
    }
  };
  FullUpstream(const Config&, FilterContext&) {}
};

class FullResponses final : public Filter {
 public:
  static constexpr std::string_view kName = "responses";
  struct Config {
    static absl::StatusOr<Config> parse(const ConfigNode& node, FilterEnv&) {
      OMNI_RETURN_IF_ERROR(node.duration("ttl", absl::Hours(1)).status());
      OMNI_RETURN_IF_ERROR(node.size_bytes("max_size", 1).status());
      OMNI_RETURN_IF_ERROR(node.done());
      return Config();
    }
  };
  FullResponses(const Config&, FilterContext&) {}
};

class ConfigsTest : public testing::Test {
 protected:
  ConfigsTest() {
    world_.registry.add<FullUpstream>();
    world_.registry.add<FullResponses>();
  }
  FakeWorld world_;
};

TEST_F(ConfigsTest, QuickstartNeedsNothingAndTakesAKeyWhenThereIsOne) {
  LoadResult result = load_shipped(world_, "quickstart.yaml");
  ASSERT_TRUE(result.ok()) << errors_of(result);
  ASSERT_EQ(result.config.providers.size(), 2u);
  EXPECT_TRUE(result.config.providers[0].is_demo);
  EXPECT_TRUE(result.config.providers[1].accounts.empty());
  EXPECT_EQ(result.config.listeners.at(0).address, "127.0.0.1:20128");
  world_.environment["OPENAI_API_KEY"] = "sk-1";
  result = load_shipped(world_, "quickstart.yaml");
  EXPECT_EQ(result.config.providers.at(1).accounts.size(), 1u);
}

TEST_F(ConfigsTest, SidecarStaysOnThisMachine) {
  world_.environment["OPENAI_API_KEY"] = "sk-1";
  const LoadResult result = load_shipped(world_, "sidecar.yaml");
  ASSERT_TRUE(result.ok()) << errors_of(result);
  EXPECT_EQ(result.config.listeners.at(0).address, "127.0.0.1:20128");
  EXPECT_FALSE(result.config.listeners.at(0).management);
}

TEST_F(ConfigsTest, EdgeAsksForAKeyOrACertificate) {
  world_.environment = {{"OPENAI_API_KEY", "sk-1"}, {"CHAT_KEY", "a"}, {"BATCH_KEY", "b"}};
  const LoadResult result = load_shipped(world_, "edge.yaml");
  ASSERT_TRUE(result.ok()) << errors_of(result);
  ASSERT_EQ(result.config.listeners.size(), 3u);
  EXPECT_TRUE(result.config.listeners[0].tls.is_on());
  EXPECT_FALSE(result.config.listeners[1].tls.client_ca.empty());
  EXPECT_EQ(result.config.keys.size(), 2u);
}

TEST_F(ConfigsTest, HeadlessRequiresKeysEverywhere) {
  world_.environment = {{"OPENAI_API_KEY", "sk-1"}, {"GATEWAY_KEY", "k"}};
  const LoadResult result = load_shipped(world_, "headless.yaml");
  ASSERT_TRUE(result.ok()) << errors_of(result);
  EXPECT_TRUE(result.config.settings.require_api_key);
}

TEST_F(ConfigsTest, CombosRunWithAndWithoutKeys) {
  LoadResult result = load_shipped(world_, "combos.yaml");
  ASSERT_TRUE(result.ok()) << errors_of(result);
  ASSERT_EQ(result.config.combos.size(), 11u);
  EXPECT_TRUE(std::any_of(result.config.combos.begin(), result.config.combos.end(),
                          [](const auto& each) { return each.rules.hedge.enabled; }));
  world_.environment = {{"OPENAI_API_KEY", "sk-1"}, {"OPENAI_SPARE_KEY", "sk-2"}};
  result = load_shipped(world_, "combos.yaml");
  ASSERT_TRUE(result.ok()) << errors_of(result);
  EXPECT_EQ(result.config.providers[0].accounts.size(), 2u);
}

TEST_F(ConfigsTest, BehindProxiesHasAWayInAndAWayOut) {
  world_.environment = {{"OPENAI_API_KEY", "sk-1"},
                        {"OPENAI_API_KEY_2", "sk-2"},
                        {"EXIT_PASSWORD", "a"},
                        {"PROXY_PASSWORD", "b"}};
  const LoadResult result = load_shipped(world_, "behind_proxies.yaml");
  ASSERT_TRUE(result.ok()) << errors_of(result);
  const std::vector<Provider>& providers = result.config.providers;
  EXPECT_EQ(providers.at(0).base.origin.proxy->name(), "http://10.0.0.2:3128");
  EXPECT_EQ(providers.at(0).accounts.at(1).proxy.proxy->name(), "socks5://exit.example:1080");
  EXPECT_FALSE(providers.at(1).base.origin.proxy);
  EXPECT_TRUE(result.config.settings.trusted_proxies.unix_sockets);
  EXPECT_TRUE(result.config.settings.ip_filter.admits(*IpAddress::parse("10.1.2.3")));
  EXPECT_FALSE(result.config.settings.ip_filter.admits(*IpAddress::parse("192.0.2.1")));
}

TEST_F(ConfigsTest, FullRunsAsItStands) {
  const LoadResult result = load_shipped(world_, "full.yaml");
  ASSERT_TRUE(result.ok()) << errors_of(result);
  EXPECT_EQ(result.config.listeners.at(0).routes.size(), 2u);
  EXPECT_EQ(result.config.listeners.at(0).routes[0].prefix, "/v1beta");  // Longest first.
}

TEST_F(ConfigsTest, ResponsesAreKeptInEveryRowBehindAuth) {
  const auto row = [&](const std::string& filters) {
    const GatewayConfig config = world_
                                     .load(
                                         "providers: [{ id: demo, type: demo }]\nlisteners:\n"
                                         "  - address: 127.0.0.1:0\n" +
                                         filters)
                                     .config;
    std::string names;
    for (const FilterUse& use : config.listeners.at(0).routes.at(0).filters)
      names += use.name + " ";
    return names;
  };
  const std::string routes = "    routes: [{ match: { prefix: /v1 }, filters: [";
  EXPECT_EQ(row(""), "auth responses translation routing upstream ");
  EXPECT_EQ(row(routes + "translation: {}, routing: {}, upstream: {}] }]\n"),
            "responses translation routing upstream ");
  EXPECT_EQ(row(routes + "auth: {}, responses: { ttl: 1h }, translation: {}, routing: {}, "
                         "upstream: {}] }]\n"),
            "auth responses translation routing upstream ");
}

TEST_F(ConfigsTest, FullWritesTheDefaultsAsTheyAre) {
  const GatewayConfig full = load_shipped(world_, "full.yaml").config;
  const GatewayConfig plain = world_.load("providers: [{ id: demo, type: demo }]\n").config;
  const ListenerLimits& a = full.listeners.at(0).limits;
  const ListenerLimits& b = plain.listeners.at(0).limits;
  EXPECT_EQ(a.header_bytes, b.header_bytes);
  EXPECT_EQ(a.header_count, b.header_count);
  EXPECT_EQ(a.body_bytes, b.body_bytes);
  EXPECT_EQ(a.concurrent_streams, b.concurrent_streams);
  EXPECT_EQ(a.max_connections, b.max_connections);
  EXPECT_EQ(a.header_timeout, b.header_timeout);
  EXPECT_EQ(a.body_timeout, b.body_timeout);
  EXPECT_EQ(a.idle_timeout, b.idle_timeout);
  EXPECT_EQ(full.storage.path, plain.storage.path);
  EXPECT_EQ(full.storage.map_size_bytes, plain.storage.map_size_bytes);
  EXPECT_EQ(full.storage.receipts_age, plain.storage.receipts_age);
  EXPECT_EQ(full.settings.receipts, plain.settings.receipts);
  EXPECT_EQ(full.shutdown.drain, plain.shutdown.drain);
  EXPECT_EQ(full.admin.allow, plain.admin.allow);
  EXPECT_EQ(full.settings.cors_allow_origin, plain.settings.cors_allow_origin);
}

TEST_F(ConfigsTest, TheSchemaNamesTheProviderTypes) {
  std::ifstream in(std::string(OMNI_SOURCE_DIR) + "/api/schema/gateway.schema.json");
  const nlohmann::json schema = nlohmann::json::parse(in);
  const auto& types = schema["properties"]["providers"]["items"]["properties"]["type"]["enum"];
  const std::vector<std::string> known = provider_type_names();
  EXPECT_EQ(types.get<std::set<std::string>>(), std::set<std::string>(known.begin(), known.end()));
}

TEST_F(ConfigsTest, EveryShippedFileIsInThisTest) {
  std::set<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(OMNI_SOURCE_DIR) + "/configs"))
    if (entry.path().extension() == ".yaml") names.insert(entry.path().filename());
  EXPECT_EQ(names,
            (std::set<std::string>{"quickstart.yaml", "sidecar.yaml", "edge.yaml", "headless.yaml",
                                   "full.yaml", "combos.yaml", "behind_proxies.yaml"}));
}

TEST_F(ConfigsTest, CheckPrintsEveryErrorAndAnswersOne) {
  world_.files["bad.yaml"] = "zzz: 1\nlog: { level: loud }\n";
  std::ostringstream out;
  EXPECT_EQ(check_config("bad.yaml", world_.registry, out, world_.input()), 1);
  EXPECT_EQ(out.str(),
            "bad.yaml:1:1: zzz: unknown key\n"
            "bad.yaml:2:15: log.level: expected one of debug, info, warning, error, found "
            "'loud'\n");
}

TEST_F(ConfigsTest, CheckAnswersZeroForAFileThatIsFine) {
  world_.files["good.yaml"] = "providers: [{ id: demo, type: demo }]\n";
  std::ostringstream out;
  EXPECT_EQ(check_config("good.yaml", world_.registry, out, world_.input()), 0);
  EXPECT_EQ(out.str(), "good.yaml: ok (1 providers, 1 listeners)\n");
}

TEST_F(ConfigsTest, CheckReadsRealFiles) {
  const std::string path = testing::TempDir() + "/omni_check_test.yaml";
  std::ofstream(path) << "providers: [{ id: demo, type: demo }]\n";
  std::ostringstream out;
  EXPECT_EQ(check_config(path, world_.registry, out), 0) << out.str();
  std::filesystem::remove(path);
  std::ostringstream missing;
  EXPECT_EQ(check_config(path, world_.registry, missing), 1);
  EXPECT_THAT(missing.str(), HasSubstr("no such file"));
  std::ostringstream folder;
  EXPECT_EQ(check_config(testing::TempDir(), world_.registry, folder), 1);
  EXPECT_THAT(folder.str(), HasSubstr("it is a directory"));
}

}  // namespace
}  // namespace omni
