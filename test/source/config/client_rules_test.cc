// settings.ip_filter and settings.trusted_proxies.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "test/source/config/fake_world.h"

namespace omni {
namespace {

IpAddress at(std::string_view text) { return *IpAddress::parse(text); }

TEST(ClientRulesTest, TheListOfTheModeDecides) {
  FakeWorld world;
  const std::string lists = "blacklist: [203.0.113.0/24, \"2001:db8::1\"], whitelist: [10.*]";
  LoadResult result = world.load("settings: { ip_filter: { enabled: true, " + lists + " } }\n");
  ASSERT_TRUE(result.ok()) << result.errors.front().text();
  const IpFilter black = result.config.settings.ip_filter;
  EXPECT_FALSE(black.admits(at("203.0.113.9")));
  EXPECT_FALSE(black.admits(at("::ffff:203.0.113.9")));
  EXPECT_FALSE(black.admits(at("2001:db8::1")));
  EXPECT_TRUE(black.admits(at("192.0.2.1")));
  result =
      world.load("settings: { ip_filter: { enabled: true, mode: whitelist, " + lists + " } }\n");
  const IpFilter white = result.config.settings.ip_filter;
  EXPECT_TRUE(white.admits(at("10.9.9.9")));
  EXPECT_FALSE(white.admits(at("192.0.2.1")));
  result = world.load("settings: { ip_filter: { mode: whitelist } }\n");
  EXPECT_TRUE(result.config.settings.ip_filter.admits(at("192.0.2.1"))) << "it is not enabled";
}

TEST(ClientRulesTest, TrustedProxiesAreAddressesAndUnixSockets) {
  FakeWorld world;
  TrustedProxies trusted = world.load("settings: { trusted_proxies: [10.0.0.0/8, unix] }\n")
                               .config.settings.trusted_proxies;
  EXPECT_TRUE(trusted.unix_sockets);
  EXPECT_TRUE(trusted.addresses.contains(at("10.1.1.1")));
  trusted = world.load("settings: { trusted_proxies: [] }\n").config.settings.trusted_proxies;
  EXPECT_TRUE(trusted.empty());
}

TEST(ClientRulesTest, EachWrongEntryIsToldWhereItStands) {
  FakeWorld world;
  EXPECT_EQ(world.errors("settings:\n  ip_filter: { mode: blaklist, blacklist: [10.0.0.1, x] }\n"
                         "  trusted_proxies: [10.0.0.0/40, [1]]\n"),
            "gateway.yaml:2:22: settings.ip_filter.mode: expected one of blacklist, whitelist, "
            "found 'blaklist'; did you mean 'blacklist'?\n"
            "gateway.yaml:2:54: settings.ip_filter.blacklist[1]: 'x' is not an address, a range "
            "such as 10.0.0.0/8 or a pattern such as 192.168.*.*\n"
            "gateway.yaml:3:21: settings.trusted_proxies[0]: '10.0.0.0/40' has a prefix length out "
            "of range\n"
            "gateway.yaml:3:34: settings.trusted_proxies[1]: expected an address\n");
  EXPECT_EQ(world.errors("settings: { ip_filter: { blacklist: [unix] } }\n").find("'unix' is not"),
            std::string("gateway.yaml:1:38: settings.ip_filter.blacklist[0]: ").size());
}

}  // namespace
}  // namespace omni
