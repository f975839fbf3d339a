#include "source/net/listener.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "test/source/net/net_fixture.h"

namespace omni::net {
namespace {

class ListenerTest : public NetTest {};

TEST(ListenAddressTest, ReadsAndWritesItsThreeForms) {
  for (const char* text : {"127.0.0.1:20128", "0.0.0.0:80", "[::1]:443", "[::]:0", "unix:/run/x"}) {
    const auto address = ListenAddress::parse(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->text(), text);
  }
  EXPECT_EQ(ListenAddress::parse("localhost:1")->text(), "127.0.0.1:1");
  EXPECT_TRUE(ListenAddress::parse("127.3.2.1:80")->is_loopback());
  EXPECT_TRUE(ListenAddress::parse("[::1]:80")->is_loopback());
  EXPECT_TRUE(ListenAddress::parse("unix:/x")->is_loopback());
  EXPECT_FALSE(ListenAddress::parse("0.0.0.0:80")->is_loopback());
}

TEST(ListenAddressTest, RefusesEverythingElseWithASentence) {
  for (const char* text :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80",
        "[127.0.0.1]:80", "example.com:80", "unix:", ":80", "[::1]80", "[fe80::1%lo]:80"}) {
    const auto address = ListenAddress::parse(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_FALSE(address.status().message().empty());
  }
}

TEST_F(ListenerTest, SaysInOneLineThatAnAddressIsTaken) {
  listen();
  const auto again = BoundSocket::bind_all(address, 2);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.status().message(),
            "cannot listen on " + address.text() + ": address already in use");
  const auto nowhere = BoundSocket::bind(*ListenAddress::parse("192.0.2.1:0"), false);
  EXPECT_EQ(nowhere.status().message(), "cannot listen on 192.0.2.1:0: address not available");
}

TEST_F(ListenerTest, RefusesAnAddressThatSharingWorkersOfAnotherGatewayHave) {
  const auto ours = BoundSocket::bind_all(*ListenAddress::parse("127.0.0.1:0"), 2);
  ASSERT_TRUE(ours.ok());
  for (const BoundSocket& socket : *ours) ASSERT_EQ(::listen(socket.fd(), 8), 0);
  EXPECT_FALSE(BoundSocket::bind_all(ours->front().address(), 2).ok());
}

TEST(ListenAddressTest, KnowsWhatOverlaps) {
  const auto overlaps = [](const char* a, const char* b) {
    return ListenAddress::parse(a)->overlaps(*ListenAddress::parse(b));
  };
  EXPECT_TRUE(overlaps("127.0.0.1:80", "0.0.0.0:80"));
  EXPECT_TRUE(overlaps("[::]:80", "[::1]:80"));
  EXPECT_TRUE(overlaps("127.0.0.1:80", "127.0.0.1:80"));
  EXPECT_FALSE(overlaps("127.0.0.1:80", "127.0.0.2:80"));
  EXPECT_FALSE(overlaps("127.0.0.1:80", "0.0.0.0:81"));
  EXPECT_FALSE(overlaps("0.0.0.0:80", "[::]:80"));
  EXPECT_FALSE(overlaps("unix:/a", "unix:/a"));
}

TEST_F(ListenerTest, BindsBesideASocketOfOursThatIsAboutToClose) {
  auto narrow = BoundSocket::bind_all(*ListenAddress::parse("127.0.0.1:0"), 2);
  ASSERT_TRUE(narrow.ok());
  for (const BoundSocket& socket : *narrow) ASSERT_TRUE(socket.listen().ok());
  ListenAddress all = narrow->front().address();
  all.host = "0.0.0.0";
  EXPECT_FALSE(BoundSocket::bind_all(all, 2).ok());
  const auto wide = BoundSocket::bind_all(all, 2, true);
  ASSERT_TRUE(wide.ok()) << wide.status();
  for (const BoundSocket& socket : *wide) EXPECT_TRUE(socket.listen().ok());
}

TEST_F(ListenerTest, ADuplicateKeepsTheQueueOfTheSocket) {
  auto socket = BoundSocket::bind(*ListenAddress::parse("127.0.0.1:0"), false);
  ASSERT_TRUE(socket->listen().ok());
  address = socket->address();
  auto copy = socket->duplicate();
  ASSERT_TRUE(copy.ok());
  const DialResult waiting = dial(origin());
  ASSERT_NE(waiting.connection, nullptr);
  { const BoundSocket closed = *std::move(socket); }
  listen_on(*std::move(copy));
  EXPECT_TRUE(wait([&] { return server.connection != nullptr; }));
}

TEST_F(ListenerTest, SeveralWorkersShareOneAddress) {
  auto sockets = BoundSocket::bind_all(*ListenAddress::parse("127.0.0.1:0"), 3);
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  address = sockets->front().address();
  EXPECT_NE(address.port, 0);
  std::vector<int> accepted(3);
  std::vector<std::unique_ptr<Listener>> listeners;
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*sockets)[i].address().port, address.port);
    auto made = net::listen(loop, std::move((*sockets)[i]), nullptr,
                            [&, i](std::unique_ptr<Connection>) { ++accepted[i]; });
    ASSERT_TRUE(made.ok()) << made.status();
    listeners.push_back(*std::move(made));
  }
  for (int i = 0; i < 40; ++i) ASSERT_NE(dial(origin()).connection, nullptr);
  ASSERT_TRUE(wait([&] { return accepted[0] + accepted[1] + accepted[2] == 40; }));
  for (const int count : accepted) EXPECT_GT(count, 0);
}

TEST_F(ListenerTest, ConnectionsLiveOnWhenAcceptingStops) {
  connect();
  listener->stop_accepting();
  settle(absl::Milliseconds(20));
  const DialResult refused = dial(origin());
  EXPECT_EQ(refused.connection, nullptr);
  EXPECT_EQ(refused.why.message(), "connection refused");
  client.write("still here");
  EXPECT_TRUE(wait([&] { return server.received == "still here"; }));
}

TEST_F(ListenerTest, WhoWaitsInTheQueueIsAcceptedBeforeAcceptingStops) {
  auto socket = BoundSocket::bind(*ListenAddress::parse("127.0.0.1:0"), false);
  ASSERT_TRUE(socket.ok() && socket->listen().ok());
  address = socket->address();
  std::vector<DialResult> waiting;
  for (int i = 0; i < 20; ++i) waiting.push_back(dial(origin()));
  std::vector<std::unique_ptr<Connection>> accepted;
  auto made = net::listen(loop, *std::move(socket), nullptr,
                          [&](std::unique_ptr<Connection> c) { accepted.push_back(std::move(c)); });
  ASSERT_TRUE(made.ok()) << made.status();
  (*made)->stop_accepting();
  EXPECT_EQ(accepted.size(), 20u);
}

TEST_F(ListenerTest, MayBeDestroyedWhileAccepting) {
  auto socket = BoundSocket::bind(*ListenAddress::parse("[::1]:0"), false);
  if (!socket.ok()) GTEST_SKIP() << "no IPv6 here";
  address = socket->address();
  std::unique_ptr<Listener> own;
  bool accepted = false;
  auto made = net::listen(loop, *std::move(socket), nullptr, [&](std::unique_ptr<Connection> c) {
    own.reset();
    EXPECT_TRUE(c->peer_is_loopback());
    accepted = true;
  });
  own = *std::move(made);
  EXPECT_NE(dial(origin()).connection, nullptr);
  EXPECT_TRUE(wait([&] { return accepted; }));
}

TEST_F(ListenerTest, ReplacesAStaleUnixSocketButNotALiveOneNorAFile) {
  const std::string path = testing::TempDir() + "/omni_listener_test.sock";
  std::filesystem::remove(path);
  const ListenAddress where = *ListenAddress::parse("unix:" + path);
  { ASSERT_TRUE(BoundSocket::bind(where, false).ok()); }  // Leaves the file behind.
  ASSERT_TRUE(std::filesystem::exists(path));
  auto live = BoundSocket::bind(where, false);
  ASSERT_TRUE(live.ok()) << live.status();
  listen_on(*std::move(live));
  const auto second = BoundSocket::bind(where, false);
  EXPECT_EQ(second.status().message(),
            "cannot listen on unix:" + path + ": address already in use");
  listener.reset();
  std::filesystem::remove(path);
  std::ofstream(path) << "a file";
  EXPECT_EQ(BoundSocket::bind(where, false).status().message(),
            "cannot listen on unix:" + path + ": the path exists and is not a socket");
  std::filesystem::remove(path);
  const auto too_long = ListenAddress::parse("unix:/" + std::string(200, 'x'));
  EXPECT_FALSE(BoundSocket::bind(*too_long, false).ok());
}

// In a process of its own: the limit is read once, and it is low here.
TEST(ListenerDeathTest, KeepsClientsWaitingWhileFilesAreScarce) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto scenario = [] {
    rlimit few{64, 64};
    ::setrlimit(RLIMIT_NOFILE, &few);
    if (raise_file_limit() != 64) return 1;
    Loop loop;
    auto socket = BoundSocket::bind(*ListenAddress::parse("127.0.0.1:0"), false);
    const SocketAddress where = *SocketAddress::parse("127.0.0.1", socket->address().port);
    std::vector<std::unique_ptr<Connection>> accepted;
    auto listener = net::listen(loop, *std::move(socket), nullptr,
                                [&](auto c) { accepted.push_back(std::move(c)); });
    // Each client takes a file as well, so this many fit below nine tenths, and more would not.
    std::vector<int> clients;
    for (int i = 0; i < 30; ++i) {
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (fd < 0 || ::connect(fd, where.get(), where.size()) != 0) return 2;
      clients.push_back(fd);
    }
    run_until(
        loop, [] { return false; }, absl::Milliseconds(300));
    const size_t at_limit = accepted.size();
    if (at_limit == 0 || at_limit >= 30) return 3;
    accepted.clear();
    size_t later = 0;
    const auto all_came = [&] {
      later += accepted.size();
      accepted.clear();
      return later == 30 - at_limit;
    };
    if (!run_until(loop, all_came)) return 4;
    listener->reset();
    return 0;
  };
  EXPECT_EXIT(::_exit(scenario()), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace omni::net
