#include "source/catalog/origin.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "source/base/status.h"

namespace omni {
namespace {

TEST(OriginTest, TakesSchemeHostPortAndPathApart) {
  const auto url = parse_base_url("https://API.OpenAI.com/v1/");
  ASSERT_TRUE(url.ok());
  EXPECT_TRUE(url->origin.tls);
  EXPECT_EQ(url->origin.host, "api.openai.com");
  EXPECT_EQ(url->origin.port, 443);
  EXPECT_EQ(url->path, "/v1");
  EXPECT_EQ(url->origin.authority(), "api.openai.com");
  EXPECT_FALSE(url->origin.allow_private);
  EXPECT_FALSE(url->origin.key.empty());
}

TEST(OriginTest, NamesOnlyThePortThatIsNotTheDefault) {
  EXPECT_EQ(parse_base_url("http://h:8080")->origin.authority(), "h:8080");
  EXPECT_EQ(parse_base_url("http://h:80")->origin.authority(), "h");
  EXPECT_EQ(parse_base_url("https://[::1]:9000/v1")->origin.authority(), "[::1]:9000");
  EXPECT_EQ(parse_base_url("http://h")->path, "");
  EXPECT_EQ(parse_base_url("http://h/")->path, "");
}

TEST(OriginTest, OneSpellingOfAnAddressGivesOnePool) {
  EXPECT_EQ(parse_base_url("http://[0:0::1]/a")->origin.key,
            parse_base_url("http://[::1]:80/b")->origin.key);
  EXPECT_EQ(parse_base_url("HTTP://Example.com.")->origin.key,
            parse_base_url("http://example.com")->origin.key);
}

TEST(OriginTest, EverySettingOfAnOriginSeparatesPools) {
  const Origin plain = parse_base_url("http://h")->origin;
  Origin other = plain;
  other.allow_private = true;
  other.seal();
  EXPECT_NE(other.key, plain.key);
  other = plain;
  other.http2_prior_knowledge = true;
  other.seal();
  EXPECT_NE(other.key, plain.key);
  other = plain;
  other.ca_file = "/ca.pem";
  other.seal();
  EXPECT_NE(other.key, plain.key);
  EXPECT_NE(parse_base_url("https://h:80")->origin.key, plain.key);
}

TEST(OriginTest, RefusesWhatIsNotABaseUrlAndSaysWhy) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "must begin with http:// or https://"},
      {"ftp://h", "must begin with http:// or https://"},
      {"api.openai.com/v1", "must begin with http:// or https://"},
      {"http://", "the host is missing"},
      {"http:///v1", "the host is missing"},
      {"http://:80", "the host is missing"},
      {"http://user:pw@h/v1", "user name or password"},
      {"http://h/v1?x=1", "query"},
      {"http://h/v1#x", "fragment"},
      {"http://h/a/../b", "dot segment"},
      {"http://h/.", "dot segment"},
      {"http://h/%2e%2e/b", "percent-encoded dot"},
      {"http://h/a%2Fb", "percent-encoded slash"},
      {"http://h/a%00b", "control character"},
      {"http://h/a%zz", "broken percent escape"},
      {"http://h/a%2", "broken percent escape"},
      {"http://h/a//b", "empty segment"},
      {"http://h//", "empty segment"},
      {"http://h\\evil/", "no host name has"},
      {"http://h/a\\b", "backslash"},
      {"http://h/a\"b", "percent-encoded"},
      {"http://h /v1", "space or control"},
      {"http://h\r\nx", "space or control"},
      {"http://h:", "port is missing"},
      {"http://h:0", "not a number from 1 to 65535"},
      {"http://h:65536", "not a number from 1 to 65535"},
      {"http://h:-1", "not a number from 1 to 65535"},
      {"http://::1/", "in brackets"},
      {"http://[::1", "no closing bracket"},
      {"http://[fe80::1%25eth0]/", "not an IPv6 address"},
      {"http://[::1]x/", "text follows"},
      {"http://127.1/", "four decimal parts"},
      {"http://2130706433/", "four decimal parts"},
      {"http://0x7f000001/", "four decimal parts"},
      {"http://0177.0.0.1/", "four decimal parts"},
      {"http://a..b/", "empty or overlong label"},
      {"http://b\xc3\xbc"
       "cher.example/",
       "xn--"},
  };
  for (const auto& [url, reason] : cases) {
    const auto parsed = parse_base_url(url);
    ASSERT_FALSE(parsed.ok()) << url;
    EXPECT_NE(message(parsed.status()).find(reason), std::string_view::npos)
        << url << ": " << message(parsed.status());
  }
}

TEST(OriginTest, KnowsPrivateLiteralsInEveryForm) {
  for (const char* host : {"localhost",       "LOCALHOST",
                           "localhost.",      "api.localhost",
                           "127.0.0.1",       "127.9.9.9",
                           "10.0.0.1",        "172.16.0.1",
                           "172.31.255.255",  "192.168.1.1",
                           "169.254.169.254", "100.64.0.1",
                           "0.0.0.0",         "::1",
                           "[::1]",           "::",
                           "fc00::1",         "fd12::1",
                           "fe80::1",         "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1", "64:ff9b::7f00:1"})
    EXPECT_TRUE(is_private_literal(host)) << host;
  for (const char* host : {"example.com", "8.8.8.8", "172.32.0.1", "2606:4700::1111",
                           "::ffff:8.8.8.8", "notlocalhost", "localhost.example.com", ""})
    EXPECT_FALSE(is_private_literal(host)) << host;
}

}  // namespace
}  // namespace omni
