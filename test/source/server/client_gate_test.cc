#include "source/server/client_gate.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/support/fake_exchange.h"
#include "test/support/test_snapshot.h"

namespace omni {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

AddressSet set_of(std::initializer_list<std::string_view> entries) {
  AddressSet::Builder out;
  for (const std::string_view entry : entries) EXPECT_TRUE(out.add(entry).ok()) << entry;
  return std::move(out).build();
}

// 10/8 is ours; 203.0.113.7 is the client, 198.51.100.9 what it pretends to be.
std::string client(std::string_view peer, const Fields& fields, bool trusts_unix = false) {
  Headers headers;
  for (const auto& [name, value] : fields) headers.add(name, value);
  const TrustedProxies trusted{.addresses = set_of({"10.0.0.0/8", "2001:db8:1::/48"}),
                               .unix_sockets = trusts_unix};
  const auto found = find_client(peer, headers, trusted);
  return found ? found->text() : "none";
}

TEST(ClientGateTest, OnlyATrustedPeerIsBelieved) {
  const Fields forged = {{"x-forwarded-for", "198.51.100.9"},
                         {"forwarded", "for=198.51.100.9"},
                         {"x-real-ip", "198.51.100.9"}};
  EXPECT_EQ(client("203.0.113.7:80", forged), "203.0.113.7");
  EXPECT_EQ(client("unix:", forged), "none");
  EXPECT_EQ(client("10.0.0.1:80", forged), "198.51.100.9");
  EXPECT_EQ(client("unix:", forged, true), "198.51.100.9");
  EXPECT_EQ(client("10.0.0.1:80", {}), "10.0.0.1");
  EXPECT_EQ(client("unix:", {}, true), "none");
}

TEST(ClientGateTest, TheListIsReadFromTheRight) {
  const struct {
    std::string list, client;
  } cases[] = {
      {"203.0.113.7", "203.0.113.7"},
      {"198.51.100.9, 203.0.113.7", "203.0.113.7"},
      {"198.51.100.9,203.0.113.7,10.0.0.2 , 10.0.0.3", "203.0.113.7"},
      {"10.0.0.9, 203.0.113.7", "203.0.113.7"},
      {"10.0.0.8, 10.0.0.9", "10.0.0.8"},
      {"203.0.113.7:4711", "203.0.113.7"},
      {"[2001:db8::7]:4711, 2001:db8:1::1", "2001:db8::7"},
      {"::ffff:203.0.113.7", "203.0.113.7"},
      {"203.0.113.7, ::ffff:10.0.0.2", "203.0.113.7"},
      {"198.51.100.9, unknown, 10.0.0.2", "10.0.0.2"},
      {"198.51.100.9, junk", "10.0.0.1"},
      {"", "10.0.0.1"},
      {"203.0.113.7, ,", "203.0.113.7"},
  };
  for (const auto& [list, expected] : cases)
    EXPECT_EQ(client("10.0.0.1:80", {{"x-forwarded-for", list}}), expected) << list;
  EXPECT_EQ(client("10.0.0.1:80",
                   {{"x-forwarded-for", "198.51.100.9"}, {"x-forwarded-for", "203.0.113.7"}}),
            "203.0.113.7")
      << "two fields are one list";
}

TEST(ClientGateTest, ForwardedIsRead) {
  const struct {
    std::string list, client;
  } cases[] = {
      {"for=203.0.113.7", "203.0.113.7"},
      {"For=\"203.0.113.7:4711\";proto=https;by=10.0.0.1", "203.0.113.7"},
      {"proto=http;for=\"[2001:db8::7]:80\"", "2001:db8::7"},
      {"for=198.51.100.9, for=203.0.113.7, for=10.0.0.2", "203.0.113.7"},
      {"for=\"198.51.100.9, for=203.0.113.7", "203.0.113.7"},
      {"for=\"a,b\", for=203.0.113.7", "203.0.113.7"},
      {"for=_hidden", "10.0.0.1"},
      {"for=198.51.100.9, by=10.0.0.2", "10.0.0.1"},
      {"nonsense", "10.0.0.1"},
  };
  for (const auto& [list, expected] : cases)
    EXPECT_EQ(client("10.0.0.1:80", {{"forwarded", list}}), expected) << list;
}

TEST(ClientGateTest, OneHeaderCountsAndTheOthersDoNot) {
  EXPECT_EQ(
      client("10.0.0.1:80", {{"x-real-ip", "198.51.100.9"}, {"forwarded", "for=203.0.113.7"}}),
      "203.0.113.7");
  EXPECT_EQ(client("10.0.0.1:80",
                   {{"forwarded", "for=198.51.100.9"}, {"x-forwarded-for", "203.0.113.7"}}),
            "203.0.113.7");
  EXPECT_EQ(client("10.0.0.1:80", {{"x-real-ip", "203.0.113.7"}}), "203.0.113.7");
}

// "ok" or the refusal's code, and what the log will say.
std::string visit(std::string_view peer, const Fields& fields, IpFilter filter,
                  TrustedProxies trusted = {}) {
  auto snapshot = test::SnapshotBuilder().build();
  snapshot->settings.ip_filter = std::move(filter);
  snapshot->settings.trusted_proxies = std::move(trusted);
  test::FakeExchange exchange(snapshot);
  for (const auto& [name, value] : fields) exchange.request().headers.add(name, value);
  const Door door{.peer = peer};
  note_client(exchange, door);
  const auto refusal = refuse_client(exchange, door);
  return (refusal ? refusal->code : "ok") + " " + exchange.facts().client;
}

TEST(ClientGateTest, TheFilterJudgesTheClientThatWasFound) {
  IpFilter filter;
  filter.enabled = true;
  filter.blacklist = set_of({"203.0.113.0/24"});
  filter.whitelist = set_of({"192.0.2.1"});
  const TrustedProxies trusted{.addresses = set_of({"10.0.0.0/8"}), .unix_sockets = true};
  const Fields forwarded = {{"x-forwarded-for", "203.0.113.7"}};
  EXPECT_EQ(visit("203.0.113.7:1", {}, filter), "client_address_refused ");
  EXPECT_EQ(visit("[::ffff:203.0.113.7]:1", {}, filter), "client_address_refused ");
  EXPECT_EQ(visit("192.0.2.1:1", {}, filter), "ok ");
  EXPECT_EQ(visit("10.0.0.1:1", forwarded, filter), "ok ") << "nobody is trusted";
  EXPECT_EQ(visit("10.0.0.1:1", forwarded, filter, trusted), "client_address_refused 203.0.113.7");
  EXPECT_EQ(visit("unix:", {}, filter), "ok ");
  EXPECT_EQ(visit("unix:", forwarded, filter, trusted), "client_address_refused 203.0.113.7");
  filter.mode = IpFilter::Mode::kWhitelist;
  EXPECT_EQ(visit("192.0.2.1:1", {}, filter), "ok ");
  EXPECT_EQ(visit("192.0.2.2:1", {}, filter), "client_address_refused ");
  EXPECT_EQ(visit("unix:", {}, filter), "ok ") << "the socket's mode has decided";
  filter.enabled = false;
  EXPECT_EQ(visit("192.0.2.2:1", {}, filter), "ok ");
}

}  // namespace
}  // namespace omni
