// Dials by way of a proxy, over real sockets.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/status.h"
#include "test/source/net/net_fixture.h"

namespace omni::net {
namespace {

// `server` of the fixture is the proxy; it answers by a script.
class ProxiedDialTest : public NetTest {
 protected:
  // The proxy says the next answer each time when it has heard something that ends as is wanted.
  struct Answer {
    std::string after, say;
  };
  void proxy_says(std::vector<Answer> answers) {
    listen();
    server.on_bytes_hook = [this, answers = std::move(answers),
                            next = size_t{0}](Buffer& in) mutable {
      server.received += in.to_string();
      in.clear();
      if (next == answers.size() || !server.received.ends_with(answers[next].after)) return;
      server.write(answers[next++].say);
    };
  }
  Origin to(std::string_view url, std::string_view type = "http", std::string_view user = "") {
    Origin out = parse_base_url(url)->origin;
    out.proxy = *parse_proxy(std::string(type) + "://" + std::string(user) +
                             "127.0.0.1:" + std::to_string(address.port));
    out.seal();
    return out;
  }
  std::string proxy_name(std::string_view type = "http") const {
    return std::string(type) + "://127.0.0.1:" + std::to_string(address.port);
  }

  static constexpr char kOk[] = "HTTP/1.1 200 OK\r\n\r\n";
};

TEST_F(ProxiedDialTest, OneThatIsOpenIsAsGoodAsADirectOne) {
  proxy_says({{"\r\n\r\n", kOk}, {"ping", "pong"}});
  DialResult result = dial(to("http://api.example"));
  ASSERT_NE(result.connection, nullptr) << result.why;
  EXPECT_EQ(result.connection->alpn(), "");
  client.adopt(std::move(result.connection));
  client.write("ping");
  ASSERT_TRUE(wait([&] { return client.received == "pong"; }));
  EXPECT_EQ(server.received, "CONNECT api.example:80 HTTP/1.1\r\nhost: api.example:80\r\n\r\nping");
  server.connection = nullptr;
  ASSERT_TRUE(wait([&] { return client.ended; }));
}

TEST_F(ProxiedDialTest, WhatTheOriginSaysFirstIsKept) {
  proxy_says({{"\r\n\r\n", std::string(kOk) + "220 ready"}});
  DialResult result = dial(to("http://api.example"));
  ASSERT_NE(result.connection, nullptr) << result.why;
  settle(absl::Milliseconds(20));  // Nobody has started it.
  client.adopt(std::move(result.connection));
  ASSERT_TRUE(wait([&] { return client.received == "220 ready"; }));
}

TEST_F(ProxiedDialTest, WhatTheOriginSaysFirstReachesWhoStartsAtOnce) {
  proxy_says({{"\r\n\r\n", std::string(kOk) + "220 ready"}});
  const Dial attempt(context, to("http://api.example"), absl::Seconds(5), [&](DialResult result) {
    ASSERT_NE(result.connection, nullptr) << result.why;
    client.adopt(std::move(result.connection));
  });
  ASSERT_TRUE(wait([&] { return client.received == "220 ready"; }));
}

TEST_F(ProxiedDialTest, LargeTransfersPassWithBackPressure) {
  proxy_says({{"\r\n\r\n", kOk}});
  DialResult result = dial(to("http://api.example"));
  ASSERT_NE(result.connection, nullptr) << result.why;
  client.adopt(std::move(result.connection));
  client.connection->hold(Hold::kLane);
  const std::string body(8'000'000, 'x');
  server.write(body);
  settle();
  EXPECT_LT(client.received.size(), 1'000'000u);
  client.connection->release(Hold::kLane);
  ASSERT_TRUE(wait([&] { return client.received.size() == body.size(); }));
  server.received.clear();
  client.write(body);
  ASSERT_TRUE(wait([&] { return server.received.size() == body.size(); }));
}

TEST_F(ProxiedDialTest, SpeaksSocks) {
  proxy_says({{std::string("\5\2\0\2", 4), "\5\2"},
              {"hunter2", std::string("\1\0", 2)},
              {"\x50", std::string("\5\0\0\1\0\0\0\0\0\0", 10)},
              {"ping", "pong"}});
  DialResult result = dial(to("http://api.example", "socks5", "ann:hunter2@"));
  ASSERT_NE(result.connection, nullptr) << result.why;
  client.adopt(std::move(result.connection));
  client.write("ping");
  ASSERT_TRUE(wait([&] { return client.received == "pong"; }));
}

TEST_F(ProxiedDialTest, ItsFailuresAreNotTheOrigins) {
  const struct {
    std::string type, say, why;
    UpstreamFailure failure;
  } cases[] = {
      {"http", "HTTP/1.1 407 No\r\n\r\n", "it answered 407: it wants other credentials",
       UpstreamFailure::kProxy},
      {"http", "HTTP/1.1 403 No\r\n\r\n", "it answered CONNECT with 403", UpstreamFailure::kProxy},
      {"http", "nonsense\r\n", "its answer to CONNECT is not HTTP", UpstreamFailure::kProxy},
      {"socks5", std::string("\5\0\5\1", 4), "it refused the connection: general failure",
       UpstreamFailure::kProxy},
      {"http", "HTTP/1.1 502 No\r\n\r\n", "it answered CONNECT with 502",
       UpstreamFailure::kConnect},
      {"socks5", std::string("\5\0\5\5", 4), "it refused the connection: connection refused",
       UpstreamFailure::kConnect},
  };
  for (const auto& [type, say, why, failure] : cases) {
    listener.reset();
    server.connection.reset();
    server.received.clear();
    proxy_says({{type == "http" ? "\r\n\r\n" : std::string("\2"), say}});
    const DialResult result = dial(to("https://api.example", type, "ann:hunter2@"));
    EXPECT_EQ(result.connection, nullptr);
    EXPECT_EQ(result.failure, failure) << say;
    const std::string expected = failure == UpstreamFailure::kProxy
                                     ? "Proxy unreachable (" + proxy_name(type) + "): " + why
                                     : "by way of " + proxy_name(type) + ": " + why;
    EXPECT_EQ(message(result.why), expected);
  }
}

TEST_F(ProxiedDialTest, ADeadOneFailsClosed) {
  proxy_says({});
  listener.reset();
  settle(absl::Milliseconds(20));
  DialResult result = dial(to("http://api.example", "http", "ann:hunter2@"));
  EXPECT_EQ(result.failure, UpstreamFailure::kProxy);
  EXPECT_EQ(message(result.why), "Proxy unreachable (" + proxy_name() + "): connection refused");
}

TEST_F(ProxiedDialTest, OneThatClosesOrSaysNothingFailsInTime) {
  listen();
  server.on_bytes_hook = [&](Buffer& in) {
    in.clear();
    loop.post([&] { server.connection = nullptr; });
  };
  DialResult result = dial(to("http://api.example"));
  EXPECT_EQ(result.failure, UpstreamFailure::kProxy);
  EXPECT_EQ(message(result.why),
            "Proxy unreachable (" + proxy_name() + "): it closed the connection");
  server.on_bytes_hook = [&](Buffer& in) {
    in.clear();
    server.write("HTTP/1.1 200 OK\r\nslow: ");
  };
  result = dial(to("http://api.example"), absl::Milliseconds(80));
  EXPECT_EQ(result.failure, UpstreamFailure::kProxy);
  EXPECT_EQ(message(result.why),
            "Proxy unreachable (" + proxy_name() + "): it did not answer in time");
}

TEST_F(ProxiedDialTest, OneThatFailsOpenIsGoneAround) {
  listen();
  Origin origin = this->origin();  // The listener, which is no proxy now.
  origin.proxy = *parse_proxy("http://127.0.0.1:1");
  origin.proxy->fails_open = true;
  DialResult result = dial(origin);
  ASSERT_NE(result.connection, nullptr) << result.why;
  // The same for one that says nothing: it gets half of the time.
  origin.proxy = *parse_proxy("http://127.0.0.1:" + std::to_string(address.port));
  origin.proxy->fails_open = true;
  const absl::Duration start = loop.clock().since_start();
  result = dial(origin, absl::Milliseconds(200));
  ASSERT_NE(result.connection, nullptr) << result.why;
  EXPECT_GE(loop.clock().since_start() - start, absl::Milliseconds(100));
  // Its address rules are the origin's own then.
  origin.allow_private = false;
  origin.host = "localhost.example";
  origin.proxy = *parse_proxy("http://127.0.0.1:1");
  origin.proxy->fails_open = true;
  Resolver table(loop, [](const std::string&, Resolver::OnResult on_result) {
    on_result(Resolver::Addresses{*SocketAddress::parse("127.0.0.1", 0)});
  });
  std::optional<DialResult> out;
  const Dial attempt(DialContext{loop, table, tls_clients}, origin, absl::Seconds(5),
                     [&](DialResult made) { out = std::move(made); });
  ASSERT_TRUE(wait([&] { return out.has_value(); }));
  EXPECT_EQ(out->failure, UpstreamFailure::kForbidden);
}

TEST_F(ProxiedDialTest, TheAddressRulesHoldForTheProxyAndForLiteralOrigins) {
  proxy_says({{"\r\n\r\n", kOk}});
  for (const std::string_view url : {"http://127.0.0.1", "http://10.0.0.1", "http://localhost",
                                     "http://169.254.169.254", "http://[::ffff:10.0.0.1]"}) {
    Origin origin = to(url);
    const DialResult result = dial(origin);
    EXPECT_EQ(result.failure, UpstreamFailure::kForbidden) << url;
    EXPECT_NE(message(result.why).find("allow_private_network"), std::string_view::npos);
  }
  EXPECT_EQ(server.received, "") << "the proxy was asked";
  Origin origin = to("http://api.example");
  origin.proxy->allow_private = false;  // A name that leads here.
  const DialResult result = dial(origin);
  EXPECT_EQ(result.failure, UpstreamFailure::kProxy);
  EXPECT_NE(message(result.why).find("allow_private_network"), std::string_view::npos);
  origin = to("http://10.0.0.1");
  origin.allow_private = true;  // It is meant.
  EXPECT_NE(dial(origin).connection, nullptr);
}

TEST_F(ProxiedDialTest, TheOriginsNameIsNotLookedUpHere) {
  proxy_says({{"\r\n\r\n", kOk}});
  std::vector<std::string> asked;
  Resolver table(loop, [&](const std::string& name, Resolver::OnResult on_result) {
    asked.push_back(name);
    on_result(Resolver::Addresses{*SocketAddress::parse("127.0.0.1", 0)});
  });
  Origin origin = to("http://api.example");
  origin.proxy->host = "proxy.example";
  origin.proxy->allow_private = true;
  std::optional<DialResult> out;
  const Dial attempt(DialContext{loop, table, tls_clients}, origin, absl::Seconds(5),
                     [&](DialResult made) { out = std::move(made); });
  ASSERT_TRUE(wait([&] { return out.has_value(); }));
  EXPECT_NE(out->connection, nullptr) << out->why;
  EXPECT_EQ(asked, std::vector<std::string>{"proxy.example"});
}

TEST_F(ProxiedDialTest, DestroyingItCancels) {
  listen();
  bool called = false;
  auto attempt = std::make_unique<Dial>(context, to("http://api.example"), absl::Seconds(5),
                                        [&](const DialResult&) { called = true; });
  ASSERT_TRUE(wait([&] { return !server.received.empty(); }));
  EXPECT_TRUE(attempt->is_at_proxy());
  attempt.reset();
  ASSERT_TRUE(wait([&] { return server.ended || server.closed; }));
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace omni::net
