#include "source/catalog/proxy_choice.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace omni {
namespace {

ProxyChoice by(std::string_view url) { return {.is_made = true, .proxy = *parse_proxy(url)}; }
Origin at(std::string_view url) { return parse_base_url(url)->origin; }

TEST(ProxyChoiceTest, TheFirstPlaceThatSaysSomethingCounts) {
  const ProxyChoice account = by("account"), key = by("key"), combo = by("combo"),
                    provider = by("provider"), global = by("global"), environment = by("env"),
                    nothing{};
  ProxyPlaces places{&account, &key, &combo, &provider, &global, &environment};
  std::string order;
  for (const ProxyChoice** place : {&places.account, &places.key, &places.combo, &places.provider,
                                    &places.global, &places.environment}) {
    order += choose_proxy(places)->proxy->host + " ";
    *place = place == &places.key ? nullptr : &nothing;
  }
  EXPECT_EQ(order, "account key combo provider global env ");
  EXPECT_EQ(choose_proxy(places), nullptr);
}

TEST(ProxyChoiceTest, DirectIsAChoice) {
  const ProxyChoice direct{.is_made = true, .proxy = std::nullopt}, global = by("global");
  const ProxyChoice* chosen = choose_proxy({.provider = &direct, .global = &global});
  ASSERT_EQ(chosen, &direct);
  EXPECT_FALSE(chosen->proxy);
}

TEST(EnvironmentProxiesTest, TheSchemeOfTheOriginChooses) {
  EnvironmentProxies proxies;
  const auto host = [&](std::string_view url) {
    const ProxyChoice choice = proxies.choose(at(url));
    return choice.is_made ? choice.proxy->host : "none";
  };
  EXPECT_EQ(host("https://api.example"), "none");
  proxies.all = *parse_proxy("all");
  EXPECT_EQ(host("https://api.example"), "all");
  proxies.http = *parse_proxy("plain");
  EXPECT_EQ(host("https://api.example"), "all");
  proxies.https = *parse_proxy("secure");
  EXPECT_EQ(host("https://api.example"), "secure");
  EXPECT_EQ(host("http://api.example"), "plain");
  EXPECT_EQ(host("http://10.0.0.1"), "plain");
  for (const char* here : {"http://127.0.0.1:11434", "http://localhost", "http://[::1]:1",
                           "http://a.localhost", "http://127.9.9.9"})
    EXPECT_EQ(host(here), "none") << here;
}

TEST(NoProxyTest, CoversDomainsAddressesAndPorts) {
  const struct {
    std::string_view text, url;
    bool covers;
  } cases[] = {
      {"", "http://api.example", false},
      {"*", "http://api.example", true},
      {"api.example", "http://api.example", true},
      {"API.Example", "http://api.example", true},
      {"example", "http://api.example", true},
      {".example", "http://api.example", true},
      {"*.example", "http://api.example", true},
      {".api.example", "http://api.example", true},
      {"pi.example", "http://api.example", false},
      {"api.example.org", "http://api.example", false},
      {"other, api.example", "http://api.example", true},
      {"other api.example", "http://api.example", true},
      {"api.example:443", "https://api.example", true},
      {"api.example:443", "http://api.example", false},
      {"10.0.0.0/8", "http://10.1.2.3", true},
      {"10.0.0.0/8", "http://11.1.2.3", false},
      {"10.0.0.1", "http://10.0.0.1", true},
      {"10.0.0.1:80", "http://10.0.0.1", true},
      {"10.0.0.1:81", "http://10.0.0.1", false},
      {"[2001:db8::1]", "http://[2001:db8::1]", true},
      {"[2001:db8::1]:80", "http://[2001:db8::1]", true},
      {"2001:db8::/32", "http://[2001:db8::1]", true},
      {",, ,", "http://api.example", false},
  };
  for (const auto& [text, url, covers] : cases)
    EXPECT_EQ(NoProxy(text).covers(at(url)), covers) << text << " " << url;
}

}  // namespace
}  // namespace omni
