// proxy at every place, and the environment's.
#include <gtest/gtest.h>

#include <string>

#include "source/config/reloader.h"
#include "test/source/config/fake_world.h"

namespace omni {
namespace {

// "socks5://host:port ann:pw private open", "direct" or "none".
std::string told(const std::optional<Proxy>& proxy) {
  if (!proxy) return "direct";
  std::string out = proxy->name();
  if (proxy->has_credentials())
    out += " " + proxy->username + ":" + std::string(proxy->password.reveal());
  if (proxy->allow_private) out += " private";
  if (proxy->fails_open) out += " open";
  return out;
}
std::string told(const ProxyChoice& choice) { return choice.is_made ? told(choice.proxy) : "none"; }

constexpr char kProviders[] =
    "providers:\n"
    "  - { id: a, dialect: openai, base_url: \"https://a.example/v1\", proxy: direct,\n"
    "      accounts: [{ name: main, api_key: k, proxy: \"socks5://ann:pw@p1.example\" },\n"
    "                 { name: spare, api_key: k }] }\n"
    "  - { id: b, dialect: openai, base_url: \"http://b.example/v1\", auth: none,\n"
    "      proxy: { type: https, host: p2.example, username: ann, password: pw } }\n"
    "  - { id: c, dialect: openai, base_url: \"http://c.example/v1\", auth: none }\n"
    "keys: [{ name: ci, key: secret, proxy: 10.0.0.1 }]\n";

class ProxiesTest : public testing::Test {
 protected:
  GatewayConfig good(const std::string& text) {
    LoadResult result = world.load(text);
    EXPECT_TRUE(result.ok()) << result.errors.front().text();
    return std::move(result.config);
  }
  std::string of(const GatewayConfig& config, size_t provider) {
    return told(config.providers.at(provider).base.origin.proxy);
  }
  FakeWorld world;
};

TEST_F(ProxiesTest, StandAtEveryPlace) {
  const GatewayConfig config =
      good(std::string(kProviders) + "settings: { proxy: \"http://p3.example:3128\" }\n");
  EXPECT_EQ(of(config, 0), "direct") << "the provider says so";
  EXPECT_EQ(told(config.providers[0].accounts[0].proxy), "socks5://p1.example:1080 ann:pw");
  EXPECT_EQ(told(config.providers[0].accounts[1].proxy), "none");
  EXPECT_EQ(of(config, 1), "https://p2.example:443 ann:pw");
  EXPECT_EQ(of(config, 2), "http://p3.example:3128") << "the settings' proxy";
  EXPECT_EQ(told(config.keys[0].proxy), "http://10.0.0.1:8080 private");
  EXPECT_NE(config.providers[1].base.origin.key.find("p2.example"), std::string::npos);
}

TEST_F(ProxiesTest, TheEnvironmentComesLast) {
  world.environment = {{"HTTP_PROXY", "upper.example"},
                       {"http_proxy", "lower.example"},
                       {"ALL_PROXY", "socks5://all.example"},
                       {"HTTPS_PROXY", ""}};
  GatewayConfig config = good(kProviders);
  EXPECT_EQ(of(config, 0), "direct");
  EXPECT_EQ(of(config, 1), "https://p2.example:443 ann:pw");
  EXPECT_EQ(of(config, 2), "http://lower.example:8080");
  config = good(std::string(kProviders) + "settings: { proxy: direct }\n");
  EXPECT_EQ(of(config, 2), "direct");
  world.environment["NO_PROXY"] = "c.example";
  EXPECT_EQ(of(good(kProviders), 2), "direct");
  world.environment = {{"ALL_PROXY", "socks5://all.example"}};
  EXPECT_EQ(of(good(kProviders), 2), "socks5://all.example:1080");
}

TEST_F(ProxiesTest, TheEnvironmentDecidesAboutDeadAndPrivateOnes) {
  world.environment = {{"PROXY_FAIL_OPEN", "true"}, {"ALL_PROXY", "all.example"}};
  EXPECT_EQ(of(good(kProviders), 2), "http://all.example:8080 open");
  EXPECT_EQ(
      of(good(std::string(kProviders) + "settings: { allow_private_provider_urls: true }\n"), 2),
      "http://all.example:8080 private open");
  world.environment = {{"OMNIROUTE_ALLOW_PRIVATE_PROVIDER_URLS", "true"}};
  EXPECT_EQ(of(good(std::string(kProviders) + "settings: { proxy: p.example }\n"), 2),
            "http://p.example:8080 private");
  world.environment.clear();
  EXPECT_EQ(of(good(std::string(kProviders) +
                    "settings: { proxy: { host: p.example, allow_private_network: true } }\n"),
               2),
            "http://p.example:8080 private");
  EXPECT_EQ(of(good(std::string(kProviders) + "settings: { proxy: \"${P:-}\" }\n"), 2), "direct")
      << "a default that is empty is no proxy";
}

TEST_F(ProxiesTest, EveryErrorSaysWhereAndNoneSaysThePassword) {
  const struct {
    std::string settings, error;
  } cases[] = {
      {"proxy: \"ftp://ann:hunter2@p\"",
       "1:20: settings.proxy: the proxy must begin with http://, https:// or socks5://"},
      {"proxy: \"http://ann:hunter2@p:0\"",
       "1:20: settings.proxy: the proxy's port is not a number from 1 to 65535"},
      {"proxy: \"\"", "1:20: settings.proxy: the host is missing"},
      {"proxy: 3128", "1:20: settings.proxy: expected text, found a number; put it in quotes"},
      {"proxy: { host: p, prot: 1 }",
       "1:31: settings.proxy.prot: unknown key; did you mean 'port'?"},
      {"proxy: { type: sock5, host: p }",
       "1:28: settings.proxy.type: expected one of http, https, socks5, found 'sock5'; did you "
       "mean 'socks5'?"},
      {"proxy: { type: http }", "1:20: settings.proxy: 'host' is missing"},
      {"proxy: { host: \"ann:hunter2@p\" }",
       "1:28: settings.proxy.host: is a host name or an address and no more"},
      {"proxy: { host: p, password: hunter2 }",
       "1:20: settings.proxy.username: a password without a user name"},
      {"proxy: { host: p, ca_file: x.pem }",
       "1:40: settings.proxy.ca_file: is for type https only"},
  };
  for (const auto& [settings, error] : cases) {
    const std::string errors = world.errors("settings: { " + settings + " }\n");
    EXPECT_EQ(errors.find("hunter2"), std::string::npos) << errors;
    EXPECT_NE(errors.find(error.substr(error.find(' ') + 1)), std::string::npos)
        << errors << "lacks " << error;
    EXPECT_EQ(errors.find("gateway.yaml:" + error.substr(0, error.find(' '))), 0u)
        << errors << "lacks " << error;
  }
  world.environment = {{"https_proxy", "http://ann:hunter2@p:x"}};
  EXPECT_EQ(world.errors("{}"),
            "gateway.yaml:1:1: environment.HTTPS_PROXY: the proxy's port is not a number from 1 to "
            "65535\n");
  world.environment = {{"ENABLE_SOCKS5_PROXY", "false"}};
  EXPECT_EQ(world.errors("settings: { proxy: \"socks5://p\" }\n"),
            "gateway.yaml:1:20: settings.proxy: the environment's ENABLE_SOCKS5_PROXY forbids "
            "socks5\n");
}

TEST_F(ProxiesTest, AChangeRebuildsWhatDependsOnIt) {
  const auto write = [&](const std::string& settings) {
    world.files["gateway.yaml"] = std::string(kProviders) + settings;
  };
  write("settings: { proxy: p.example }\n");
  Reloader reloader(
      "gateway.yaml", world.env(), Secret("pepper"), [] { return std::vector<GatewayKey>(); },
      [](const GatewayConfig&) { return std::nullopt; });
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  const auto first = reloader.reload(now).snapshot;
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(told(first->keys->find("secret")->proxy), "http://10.0.0.1:8080 private");
  write("settings: { proxy: q.example }\n");
  const auto second = reloader.reload(now).snapshot;
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(told(second->providers->find("c")->base.origin.proxy), "http://q.example:8080");
  EXPECT_EQ(told(first->providers->find("c")->base.origin.proxy), "http://p.example:8080");
}

}  // namespace
}  // namespace omni
