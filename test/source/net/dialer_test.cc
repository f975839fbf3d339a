#include "source/net/dialer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <vector>

#include "source/base/status.h"
#include "test/source/net/net_fixture.h"

namespace omni::net {
namespace {

// Names are answered from a table.
class DialerTest : public NetTest {
 protected:
  void name(const std::string& host, std::vector<std::string> literals) {
    names[host] = std::move(literals);
  }
  Origin to(const std::string& host, bool allow_private = true) const {
    Origin out = origin();
    out.host = host;
    out.allow_private = allow_private;
    out.seal();
    return out;
  }

  std::map<std::string, std::vector<std::string>> names;
  Resolver table{loop, [this](const std::string& host, Resolver::OnResult on_result) {
                   const auto known = names.find(host);
                   if (known == names.end())
                     return on_result(error(absl::StatusCode::kNotFound, "no address"));
                   Resolver::Addresses out;
                   for (const std::string& literal : known->second)
                     out.push_back(*SocketAddress::parse(literal, 0));
                   on_result(std::move(out));
                 }};
  DialContext named{loop, table, tls_clients};

  DialResult dial_name(const Origin& target, absl::Duration limit = absl::Seconds(10)) {
    std::optional<DialResult> out;
    const Dial attempt(named, target, limit, [&](DialResult result) { out = std::move(result); });
    EXPECT_FALSE(out.has_value());
    EXPECT_TRUE(wait([&] { return out.has_value(); }));
    return *std::move(out);
  }
};

TEST_F(DialerTest, ConnectsToALiteralAndToAName) {
  listen();
  EXPECT_NE(dial_name(to("127.0.0.1")).connection, nullptr);
  name("gateway", {"127.0.0.1"});
  EXPECT_NE(dial_name(to("gateway")).connection, nullptr);
}

TEST_F(DialerTest, SaysWhyItFailed) {
  listen();
  listener.reset();
  settle(absl::Milliseconds(20));
  DialResult result = dial_name(to("127.0.0.1"));
  EXPECT_EQ(result.failure, UpstreamFailure::kConnect);
  EXPECT_EQ(result.why.message(), "connection refused");
  result = dial_name(to("nowhere"));
  EXPECT_EQ(result.failure, UpstreamFailure::kResolve);
  EXPECT_EQ(result.why.message(), "no address");
}

TEST_F(DialerTest, TriesTheOtherFamilyAtOnceWhenTheFirstRefuses) {
  listen();
  name("both", {"::1", "127.0.0.1"});  // Nobody listens on ::1.
  const absl::Duration start = loop.clock().since_start();
  EXPECT_NE(dial_name(to("both")).connection, nullptr);
  EXPECT_LT(loop.clock().since_start() - start, absl::Milliseconds(200));
}

TEST_F(DialerTest, TriesTheNextAddressWhileTheFirstIsSilent) {
  listen();
  // A full accept queue does not answer at all.
  auto socket =
      BoundSocket::bind(*ListenAddress::parse("127.0.0.2:" + std::to_string(address.port)), false);
  ASSERT_TRUE(socket.ok()) << socket.status();
  ASSERT_EQ(::listen(socket->fd(), 0), 0);
  const int filler = ::socket(AF_INET, SOCK_STREAM, 0);
  const SocketAddress silent = *SocketAddress::parse("127.0.0.2", address.port);
  ASSERT_EQ(::connect(filler, silent.get(), silent.size()), 0);
  name("slow", {"127.0.0.2", "127.0.0.1"});
  const absl::Duration start = loop.clock().since_start();
  const DialResult result = dial_name(to("slow"));
  ASSERT_NE(result.connection, nullptr) << result.why;
  EXPECT_EQ(result.connection->peer(), "127.0.0.1:" + std::to_string(address.port));
  EXPECT_GE(loop.clock().since_start() - start, Dial::kStagger);

  const DialResult late = dial_name(to("127.0.0.2"), absl::Milliseconds(100));
  EXPECT_EQ(late.failure, UpstreamFailure::kTimeout);
  EXPECT_EQ(late.why.message(), "connecting timed out");
  ::close(filler);
}

TEST_F(DialerTest, RefusesANameThatLeadsToPrivateAddresses) {
  listen();
  name("rebound", {"127.0.0.1", "::1", "169.254.169.254"});
  const DialResult result = dial_name(to("rebound", false));
  EXPECT_EQ(result.connection, nullptr);
  EXPECT_EQ(result.failure, UpstreamFailure::kForbidden);
  EXPECT_NE(result.why.message().find("allow_private_network"), absl::string_view::npos);
  settle(absl::Milliseconds(30));
  EXPECT_EQ(server.connection, nullptr);
  EXPECT_EQ(dial_name(to("127.0.0.1", false)).failure, UpstreamFailure::kForbidden);
}

TEST_F(DialerTest, DestroyingItCancels) {
  listen();
  name("gateway", {"127.0.0.1"});
  for (const char* host : {"127.0.0.1", "gateway"}) {
    bool called = false;
    std::unique_ptr<Dial> attempt;
    loop.post([&] { attempt.reset(); });
    attempt = std::make_unique<Dial>(named, to(host), absl::Seconds(5),
                                     [&](const DialResult&) { called = true; });
    settle(absl::Milliseconds(30));
    EXPECT_FALSE(called) << host;
  }
}

TEST_F(DialerTest, MayBeDestroyedByItsCallback) {
  listen();
  std::unique_ptr<Dial> attempt;
  bool called = false;
  attempt =
      std::make_unique<Dial>(named, to("127.0.0.1"), absl::Seconds(5), [&](DialResult result) {
        attempt.reset();
        called = result.connection != nullptr;
      });
  EXPECT_TRUE(wait([&] { return called; }));
}

TEST(InterleavedTest, TakesFamiliesByTurns) {
  Resolver::Addresses in;
  for (const char* literal : {"::1", "::2", "::3", "192.0.2.1", "192.0.2.2"})
    in.push_back(*SocketAddress::parse(literal, 0));
  std::string out;
  for (const SocketAddress& address : interleaved(in)) out += address.host_text() + " ";
  EXPECT_EQ(out, "::1 192.0.2.1 ::2 192.0.2.2 ::3 ");
  EXPECT_TRUE(interleaved({}).empty());
}

}  // namespace
}  // namespace omni::net
