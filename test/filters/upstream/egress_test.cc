#include "filters/upstream/egress.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "test/filters/upstream/upstream_fixture.h"

namespace omni::test {
namespace {

ProxyChoice by(std::string_view url) { return {.is_made = true, .proxy = *parse_proxy(url)}; }
const ProxyChoice kDirect{.is_made = true, .proxy = std::nullopt};

// The proxy's host, "direct", with "=" when it is the provider's own origin.
std::string way(const ProxyChoice& account, const ProxyChoice& key, const ProxyChoice& provider) {
  SnapshotBuilder builder;
  builder.provider("one", {"m"});
  builder.last().accounts[0].proxy = account;
  builder.last().base.origin.proxy = provider.proxy;
  builder.last().base.origin.seal();
  GatewayKey client;
  client.proxy = key;
  builder.key("secret", client);
  const auto snapshot = builder.build();
  FakeExchange exchange(snapshot);
  exchange.facts().principal.key = snapshot->keys->find("secret");
  const Provider& one = snapshot->providers->all()[0];
  Origin room;
  const Origin& origin = filters::egress_of(exchange, {&one, &one.accounts[0], "m"}, room);
  const bool is_own = &origin == &one.base.origin;
  EXPECT_EQ(is_own, origin.key == one.base.origin.key);
  return (origin.proxy ? origin.proxy->host : "direct") + (is_own ? "=" : "");
}

TEST(EgressTest, AccountThenKeyThenWhatTheSnapshotSettled) {
  EXPECT_EQ(way({}, {}, {}), "direct=");
  EXPECT_EQ(way({}, {}, by("provider")), "provider=");
  EXPECT_EQ(way({}, by("key"), by("provider")), "key");
  EXPECT_EQ(way(by("account"), by("key"), by("provider")), "account");
  EXPECT_EQ(way(kDirect, by("key"), by("provider")), "direct");
  EXPECT_EQ(way({}, kDirect, by("provider")), "direct");
  EXPECT_EQ(way(kDirect, by("key"), {}), "direct=");
  EXPECT_EQ(way({}, by("key"), {}), "key");
}

TEST(EgressTest, ADeadProxyIsAnErrorOfItsOwn) {
  Try attempt;
  attempt.up().fail(UpstreamFailure::kProxy, "Proxy unreachable (http://p.example:8080): x");
  attempt.settle();
  attempt.up().fail(UpstreamFailure::kProxy, "Proxy unreachable (http://q.example:8080): x");
  attempt.settle();
  EXPECT_EQ(attempt.sink().head->status, 503);
  EXPECT_EQ(attempt.sink().head->headers.value("retry-after"), "2");
  EXPECT_NE(attempt.sink().body.find(R"("code":"PROXY_ASSIGNED_UNAVAILABLE")"), std::string::npos)
      << attempt.sink().body;
  EXPECT_NE(attempt.sink().body.find("http://q.example:8080"), std::string::npos);
  ASSERT_EQ(attempt.facts().attempts.size(), 2u);
  EXPECT_EQ(attempt.facts().attempts[0].reason, "PROXY_ASSIGNED_UNAVAILABLE");
}

}  // namespace
}  // namespace omni::test
