// Pools of origins behind a proxy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/event/loop.h"
#include "source/net/dialer.h"
#include "source/net/tcp_listener.h"
#include "source/net/tls_context.h"
#include "source/upstream/net_connector.h"
#include "test/source/upstream/pools_fixture.h"

namespace omni::upstream {
namespace {

using ::testing::HasSubstr;

TEST_F(PoolsTest, EachProxyHasConnectionsOfItsOwn) {
  Record direct, by_one, by_other, again;
  const auto first = open(direct);
  origin_.proxy = *parse_proxy("http://ann:a@proxy.example");
  origin_.seal();
  const auto second = open(by_one);
  origin_.proxy->password = Secret("b");
  origin_.seal();
  const auto third = open(by_other);
  EXPECT_EQ(pools().pool_count(), 3u);
  EXPECT_EQ(connector_.tries.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    const auto peer = connector_.accept();
    peer->take();
    peer->send(kOk);
  }
  EXPECT_EQ(direct.completed + by_one.completed + by_other.completed, 3);
  const auto fourth = open(again);
  EXPECT_EQ(connector_.tries.size(), 3u) << "the connection by that proxy is used again";
}

TEST_F(PoolsTest, AProxyThatFailsIsToldApart) {
  origin_.proxy = *parse_proxy("http://ann:hunter2@proxy.example");
  origin_.seal();
  Record record;
  const auto request = open(record);
  connector_.refuse(UpstreamFailure::kProxy, "Proxy unreachable (http://proxy.example:8080): x");
  EXPECT_EQ(record.failure, UpstreamFailure::kProxy);
  EXPECT_EQ(record.why,
            "connect to api.example.com:8080: Proxy unreachable (http://proxy.example:8080): x");
  EXPECT_FALSE(record.sent);
}

// The real connector, and a proxy that takes connections and says nothing.
TEST(ProxiedPoolTest, TheTimeOfASilentProxyIsTheProxys) {
  Loop loop;
  net::Resolver resolver{loop};
  net::TlsTrust trust;
  net::TlsClients tls{trust};
  NetConnector connector{net::DialContext{loop, resolver, tls}};
  auto socket = net::BoundSocket::bind(*net::ListenAddress::parse("127.0.0.1:0"), false);
  ASSERT_TRUE(socket.ok());
  const std::string place = "127.0.0.1:" + std::to_string(socket->address().port);
  std::vector<std::unique_ptr<net::Connection>> taken;
  auto listener = net::listen(
      loop, *std::move(socket), nullptr,
      [&](std::unique_ptr<net::Connection> connection) { taken.push_back(std::move(connection)); });
  ASSERT_TRUE(listener.ok());
  WorkerPools pools{loop, connector, make_client_codecs(CodecLimits(), loop.clock()), PoolLimits(),
                    PoolStats()};
  Origin origin = parse_base_url("http://api.example")->origin;
  origin.proxy = *parse_proxy("http://ann:hunter2@" + place);
  origin.seal();
  Record record;
  RequestHead head;
  head.method = "GET";
  head.target = "/";
  const auto request =
      pools.open(origin, std::move(head), Buffer(), {.connect = absl::Milliseconds(60)}, record);
  bool is_late = false;
  const auto timer = loop.make_timer([&] { is_late = true; });
  timer->arm(absl::Seconds(5));
  while (record.failures == 0 && !is_late) loop.run_once();
  EXPECT_EQ(record.failure, UpstreamFailure::kProxy);
  EXPECT_THAT(record.why, HasSubstr("Proxy unreachable (http://" + place + "): "));
  EXPECT_EQ(record.why.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace omni::upstream
