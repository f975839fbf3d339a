#include "source/net/address_policy.h"

#include <gtest/gtest.h>

namespace omni::net {
namespace {

SocketAddress address(const char* literal) {
  const auto parsed = SocketAddress::parse(literal, 443);
  EXPECT_TRUE(parsed) << literal;
  return parsed.value_or(SocketAddress());
}

TEST(AddressPolicyTest, RefusesEveryAddressThatIsNotPublic) {
  for (const char* literal : {
           "127.0.0.1",
           "127.255.255.254",
           "0.0.0.0",
           "0.1.2.3",
           "10.0.0.1",
           "172.16.0.1",
           "172.31.255.255",
           "192.168.1.1",
           "169.254.169.254",
           "169.254.0.1",
           "100.64.0.1",
           "100.127.255.255",
           "192.0.0.8",
           "198.18.0.1",
           "198.19.255.255",
           "224.0.0.1",
           "239.255.255.255",
           "240.0.0.1",
           "255.255.255.255",
           "192.0.2.1",
           "198.51.100.7",
           "203.0.113.9",
           "::",
           "::1",
           "fe80::1",
           "febf::1",
           "fec0::1",
           "feff::1",
           "fc00::1",
           "fd12:3456::1",
           "fd00:ec2::254",
           "ff02::1",
           "2001:db8::1",
           "100::1",
           "4000::1",
           "::ffff:127.0.0.1",
           "::ffff:10.0.0.1",
           "::ffff:169.254.169.254",
           "::ffff:0.0.0.0",
           "::127.0.0.1",
           "::10.0.0.1",
           "::8.8.8.8",
           "64:ff9b::127.0.0.1",
           "64:ff9b::10.1.2.3",
           "64:ff9b::169.254.169.254",
           "64:ff9b:1::1",
           "64:ff9b:1::8.8.8.8",
           "2002:7f00:1::1",
           "2002:a00:1::1",
           "2002:c0a8:101::1",
           "2002:a9fe:a9fe::1",
           // Teredo carries the client's address inverted: 10.0.0.1 is f5ff:fffe.
           "2001:0:808:808::f5ff:fffe",
           "2001:0:a00:1::f7f7:f7f7",
       }) {
    EXPECT_FALSE(may_connect(address(literal), false)) << literal;
    EXPECT_FALSE(why_not_public(address(literal)).empty()) << literal;
    EXPECT_TRUE(may_connect(address(literal), true)) << literal;
    EXPECT_TRUE(literal_is_private(literal)) << literal;
  }
}

TEST(AddressPolicyTest, AllowsPublicAddresses) {
  for (const char* literal : {"1.1.1.1",
                              "8.8.8.8",
                              "9.255.255.255",
                              "11.0.0.1",
                              "100.63.255.255",
                              "100.128.0.1",
                              "126.255.255.255",
                              "128.0.0.1",
                              "169.253.255.255",
                              "172.15.255.255",
                              "172.32.0.1",
                              "192.167.255.255",
                              "192.169.0.1",
                              "198.17.255.255",
                              "198.20.0.1",
                              "223.255.255.254",
                              "2606:4700:4700::1111",
                              "2a00:1450:4001::1",
                              "::ffff:8.8.8.8",
                              "64:ff9b::8.8.8.8",
                              "2002:808:808::1",
                              "2001:0:808:808::f7f7:f7f7",
                              "2001:4860:4860::8888"}) {
    EXPECT_TRUE(may_connect(address(literal), false))
        << literal << why_not_public(address(literal));
    EXPECT_FALSE(literal_is_private(literal)) << literal;
  }
}

TEST(AddressPolicyTest, SaysWhatIsWrongWithAnAddress) {
  EXPECT_EQ(why_not_public(address("169.254.169.254")), "a cloud metadata address");
  EXPECT_EQ(why_not_public(address("fd00:ec2::254")), "a cloud metadata address");
  EXPECT_EQ(why_not_public(address("::ffff:127.0.0.1")), "a loopback address");
  EXPECT_EQ(why_not_public(address("10.1.1.1")), "a private address");
}

TEST(AddressPolicyTest, KnowsNamesOfThisHost) {
  EXPECT_TRUE(literal_is_private("localhost"));
  EXPECT_TRUE(literal_is_private("LocalHost."));
  EXPECT_TRUE(literal_is_private("api.localhost"));
  EXPECT_TRUE(literal_is_private("[::1]"));
  EXPECT_FALSE(literal_is_private("api.openai.com"));
  EXPECT_FALSE(literal_is_private("notlocalhost"));
  EXPECT_FALSE(literal_is_private(""));
}

}  // namespace
}  // namespace omni::net
