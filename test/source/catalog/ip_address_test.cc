#include "source/catalog/ip_address.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace omni {
namespace {

std::string literal(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address ? address->text() : "none";
}
std::string endpoint(std::string_view text) {
  const auto address = IpAddress::parse_endpoint(text);
  return address ? address->text() : "none";
}

TEST(IpAddressTest, ReadsLiteralsAndNothingElse) {
  EXPECT_EQ(literal("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(literal("2001:DB8:0::1"), "2001:db8::1");
  EXPECT_EQ(literal("[2001:db8::1]"), "2001:db8::1");
  EXPECT_EQ(literal("::"), "::");
  EXPECT_EQ(literal("255.255.255.255"), "255.255.255.255");
  const std::string_view wrong[] = {"",           "localhost", "127.1",     "010.0.0.1",
                                    "1.2.3.4.5",  "1.2.3.4 ",  "fe80::1%1", "[192.0.2.1]",
                                    "0x7f000001", "unknown"};
  for (const std::string_view text : wrong) EXPECT_EQ(literal(text), "none") << text;
  EXPECT_EQ(literal(std::string(500, '1')), "none");
  EXPECT_EQ(literal(std::string_view("1.2.3.4\0x", 9)), "none");
}

TEST(IpAddressTest, AMappedAddressIsTheIpv4Address) {
  EXPECT_EQ(literal("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(literal("::ffff:c000:201"), "192.0.2.1");
  EXPECT_EQ(*IpAddress::parse("::ffff:192.0.2.1"), *IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(literal("::fffe:192.0.2.1"), "::fffe:c000:201");
  EXPECT_NE(*IpAddress::parse("::1"), *IpAddress::parse("0.0.0.1"));
}

TEST(IpAddressTest, AnEndpointMayHaveAPort) {
  EXPECT_EQ(endpoint("192.0.2.1:4711"), "192.0.2.1");
  EXPECT_EQ(endpoint("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(endpoint("[2001:db8::1]:80"), "2001:db8::1");
  EXPECT_EQ(endpoint("[2001:db8::1]"), "2001:db8::1");
  EXPECT_EQ(endpoint("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(endpoint("[::ffff:10.0.0.1]:80"), "10.0.0.1");
  for (const std::string_view text : {"unix:", ":80", "192.0.2.1:", "192.0.2.1:x",
                                      "192.0.2.1:70000", "[::1]x:80", ":", "[", "192.0.2.1:-1"})
    EXPECT_EQ(endpoint(text), "none") << text;
}

}  // namespace
}  // namespace omni
