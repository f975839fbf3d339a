#include "source/catalog/proxy.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "source/base/status.h"
#include "source/catalog/origin.h"

namespace omni {
namespace {

TEST(ProxyTest, ReadsEveryFormOfAUrl) {
  const struct {
    std::string_view url, name, username, password;
    bool allow_private;
  } cases[] = {
      {"http://proxy.example:3128", "http://proxy.example:3128", "", "", false},
      {"HTTP://Proxy.Example", "http://proxy.example:8080", "", "", false},
      {"https://proxy.example/", "https://proxy.example:443", "", "", false},
      {"socks5://127.0.0.1", "socks5://127.0.0.1:1080", "", "", true},
      {"socks5h://[::1]:9", "socks5://[::1]:9", "", "", true},
      {"localhost:80", "http://localhost:80", "", "", true},
      {"http://proxy.example:080", "http://proxy.example:80", "", "", false},
      {"proxy.example", "http://proxy.example:8080", "", "", false},
      {"http://ann:b%40c:d@proxy.example", "http://proxy.example:8080", "ann", "b@c:d", false},
      {"http://ann:p@ss/w#?rd@proxy.example:1", "http://proxy.example:1", "ann", "p@ss/w#?rd",
       false},
      {"http://ann@proxy.example", "http://proxy.example:8080", "ann", "", false},
  };
  for (const auto& each : cases) {
    const absl::StatusOr<Proxy> proxy = parse_proxy(each.url);
    ASSERT_TRUE(proxy.ok()) << each.url << ": " << proxy.status();
    EXPECT_EQ(proxy->name(), each.name);
    EXPECT_EQ(proxy->username, each.username);
    EXPECT_EQ(proxy->password.reveal(), each.password);
    EXPECT_EQ(proxy->allow_private, each.allow_private) << each.url;
  }
}

TEST(ProxyTest, NoErrorShowsAPassword) {
  for (const std::string_view url :
       {"ftp://ann:hunter2@h", "http://ann:hunter2", "http://ann:hunter2@",
        "http://ann:hunter2@h:x", "http://ann:hunter2@h/path", "http://:hunter2@h",
        "http://ann:hunter2%0a@h", "socks5://ann@h", "socks5://ann:@h", "http://a%3Ab:hunter2@h",
        "http://ann:hunter2@h?q", "http://ann:hunter2@h_!", "http://ann:hunter2@127.1"}) {
    const absl::StatusOr<Proxy> proxy = parse_proxy(url);
    ASSERT_FALSE(proxy.ok()) << url;
    EXPECT_EQ(message(proxy.status()).find("hunter2"), std::string_view::npos) << proxy.status();
  }
  Proxy proxy = *parse_proxy("http://ann:hunter2@proxy.example");
  EXPECT_EQ(proxy.name().find("hunter2"), std::string::npos);
  EXPECT_EQ(proxy.key().find("hunter2"), std::string::npos);
  EXPECT_EQ(proxy_failure(proxy, "connection refused"),
            "Proxy unreachable (http://proxy.example:8080): connection refused");
}

TEST(ProxyTest, WhateverDiffersMakesAnotherPool) {
  const Proxy proxy = *parse_proxy("http://ann:hunter2@proxy.example");
  Proxy other = proxy;
  EXPECT_EQ(other.key(), proxy.key());
  other.password = Secret("hunter3");
  EXPECT_NE(other.key(), proxy.key());
  other = proxy;
  other.type = Proxy::Type::kHttps;
  EXPECT_NE(other.key(), proxy.key());
  other = proxy;
  other.fails_open = true;
  EXPECT_NE(other.key(), proxy.key());
  Origin origin = parse_base_url("https://api.example/v1")->origin;
  const std::string direct = origin.key;
  origin.proxy = proxy;
  origin.seal();
  EXPECT_NE(origin.key, direct);
  EXPECT_EQ(origin.authority(), "api.example");
}

}  // namespace
}  // namespace omni
