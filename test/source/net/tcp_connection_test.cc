#include "source/net/tcp_connection.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "test/source/net/net_fixture.h"

namespace omni::net {
namespace {

class TcpConnectionTest : public NetTest {};

std::string noise(size_t size) {
  std::string out(size, '\0');
  uint32_t word = 12345;
  for (char& c : out) {
    word = word * 1664525 + 1013904223;
    c = static_cast<char>(word >> 24);
  }
  return out;
}

TEST_F(TcpConnectionTest, CarriesBytesBothWays) {
  connect();
  client.write("hello ");
  client.write("server");
  ASSERT_TRUE(wait([&] { return server.received == "hello server"; }));
  EXPECT_EQ(server.reads, 1);  // One write for both.
  server.write("hello client");
  ASSERT_TRUE(wait([&] { return client.received == "hello client"; }));
  EXPECT_TRUE(server.connection->peer_is_loopback());
  EXPECT_TRUE(server.connection->peer().starts_with("127.0.0.1:"));
  EXPECT_EQ(client.connection->peer(), address.text());
  EXPECT_FALSE(client.connection->is_tls());
}

TEST_F(TcpConnectionTest, IsSmallWhileIdle) { EXPECT_LE(sizeof(TcpConnection), 512u); }

TEST_F(TcpConnectionTest, OffersUntakenBytesAgainInFrontOfWhatComesNext) {
  connect();
  std::vector<std::string> offers;
  server.on_bytes_hook = [&](Buffer& in) {
    offers.push_back(in.to_string());
    in.drop(1);
  };
  client.write("abc");
  ASSERT_TRUE(wait([&] { return offers.size() == 1; }));
  client.write("d");
  ASSERT_TRUE(wait([&] { return offers.size() == 2; }));
  EXPECT_EQ(offers, (std::vector<std::string>{"abc", "bcd"}));
}

TEST_F(TcpConnectionTest, ReadsNothingWhileHeldAndCatchesUpAfterwards) {
  connect();
  server.connection->hold(Hold::kLane);
  server.connection->hold(Hold::kMemory);
  client.write("one");
  settle();
  EXPECT_EQ(server.received, "");
  server.connection->release(Hold::kLane);
  settle();
  EXPECT_EQ(server.received, "");
  server.connection->release(Hold::kMemory);
  EXPECT_TRUE(wait([&] { return server.received == "one"; }));
}

TEST_F(TcpConnectionTest, OffersWhatWasLeftWhenTheHoldIsReleasedThoughNothingElseComes) {
  connect();
  int offers = 0;
  server.on_bytes_hook = [&](Buffer& in) {
    if (++offers == 1) {
      in.drop(3);
      server.connection->hold(Hold::kPipeline);
      return;
    }
    server.received += in.to_string();
    in.clear();
  };
  client.write("onetwo");
  ASSERT_TRUE(wait([&] { return offers == 1; }));
  settle();
  EXPECT_EQ(offers, 1);
  server.connection->release(Hold::kPipeline);
  EXPECT_TRUE(wait([&] { return server.received == "two"; }));
}

TEST_F(TcpConnectionTest, ReadsIntoTheTargetOfTheEvents) {
  connect();
  std::vector<char> body(1000);
  server.read_target_hook = [&] {
    return absl::MakeSpan(body).subspan(std::min(server.into_target, body.size()));
  };
  client.write("straight");
  ASSERT_TRUE(wait([&] { return server.into_target == 8; }));
  client.write(" there");
  ASSERT_TRUE(wait([&] { return server.into_target == 14; }));
  EXPECT_EQ(std::string(body.data(), 14), "straight there");
  EXPECT_EQ(server.reads, 0);
}

TEST_F(TcpConnectionTest, DeliversALargeWriteToASlowReaderInOrder) {
  connect();
  const std::string sent = noise(20'000'000);
  server.on_bytes_hook = [&](Buffer& in) {
    server.received += in.to_string();
    in.clear();
    if (server.reads % 16 == 0) {
      server.connection->hold(Hold::kLane);
      loop.post([&] { server.connection->release(Hold::kLane); });
    }
  };
  loop.post([&] {
    for (size_t at = 0; at < sent.size(); at += 1'000'000) {
      client.write(std::string_view(sent).substr(at, 999'000));
      client.write(std::string_view(sent).substr(at + 999'000, 1'000));
    }
    EXPECT_EQ(client.connection->unsent(), sent.size());
  });
  ASSERT_TRUE(wait([&] { return server.received.size() == sent.size(); }));
  EXPECT_EQ(server.received, sent);
  EXPECT_EQ(client.connection->unsent(), 0u);
  EXPECT_EQ(client.writable, 1);
}

// Small writes leave in one piece, also the one that the kernel takes half of.
TEST_F(TcpConnectionTest, DeliversManySmallWritesInOrderWhenTheReaderSleeps) {
  connect();
  server.connection->hold(Hold::kLane);
  std::string sent;
  int number = 0;
  const auto write_one = [&] {
    Buffer message(noise(1000));
    message.append_static("|");
    message.append(Buffer(std::to_string(++number) + std::string(2000, 's')));
    sent += message.to_string();
    client.connection->write(std::move(message));
  };
  while (client.connection->unsent() < 100'000 && sent.size() < 50'000'000) {
    loop.post(write_one);
    loop.run_once();
  }
  EXPECT_GE(client.connection->unsent(), 100'000u) << "the kernel's buffers are full";
  server.connection->release(Hold::kLane);
  ASSERT_TRUE(wait([&] { return server.received.size() == sent.size(); }));
  EXPECT_TRUE(server.received == sent);
  EXPECT_EQ(client.connection->unsent(), 0u);
}

TEST_F(TcpConnectionTest, EchoesLentSlicesWithoutHarm) {
  connect();
  const std::string sent = noise(3'000'000);
  server.on_bytes_hook = [&](Buffer& in) { server.connection->write(std::move(in)); };
  client.write(sent);
  ASSERT_TRUE(wait([&] { return client.received.size() == sent.size(); }));
  EXPECT_EQ(client.received, sent);
}

TEST_F(TcpConnectionTest, KeepsSlicesThatOutliveTheCallbackIntact) {
  connect();
  const std::string sent = noise(5'000'000);
  Buffer kept;
  server.on_bytes_hook = [&](Buffer& in) {
    kept.append(std::move(in));
    kept.own();
  };
  client.write(sent);
  ASSERT_TRUE(wait([&] { return kept.size() == sent.size(); }));
  EXPECT_EQ(kept.to_string(), sent);
}

// Raw clients whose bytes are all there before the loop looks.
class ManyConnectionsTest : public NetTest {
 protected:
  ~ManyConnectionsTest() override {
    for (const int fd : fds) ::close(fd);
  }

  void connect_all(size_t count) {
    auto socket = BoundSocket::bind(*ListenAddress::parse("127.0.0.1:0"), false);
    ASSERT_TRUE(socket.ok()) << socket.status();
    address = socket->address();
    auto made = net::listen(loop, *std::move(socket), nullptr, [this](auto connection) {
      servers.push_back(std::make_unique<Peer>());
      servers.back()->adopt(std::move(connection));
    });
    ASSERT_TRUE(made.ok()) << made.status();
    listener = *std::move(made);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(address.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t i = 0; i < count; ++i) {
      fds.push_back(::socket(AF_INET, SOCK_STREAM, 0));
      ASSERT_EQ(::connect(fds.back(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    }
    ASSERT_TRUE(wait([&] { return servers.size() == count; }));
  }
  void send_all() {
    for (size_t i = 0; i < fds.size(); ++i) {
      const std::string text = message(i);
      ASSERT_EQ(::send(fds[i], text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    }
  }
  static std::string message(size_t i) { return "message " + std::to_string(i); }

  std::vector<std::unique_ptr<Peer>> servers;
  std::vector<int> fds;
};

TEST_F(ManyConnectionsTest, ReadsThatAreReadyTogetherShareATurnUpToALimit) {
  connect_all(70);
  struct Work final : TurnWork {
    void on_turn() override { trace += 'e'; }
    std::string trace;
  } work;
  for (auto& peer : servers)
    peer->on_bytes_hook = [&](Buffer& in) {
      in.clear();
      work.trace += 'r';
      loop.at_turn_end(work);
    };
  send_all();
  loop.run_once();
  EXPECT_EQ(work.trace, std::string(32, 'r') + 'e' + std::string(32, 'r') + 'e' + "rrrrrre");
}

TEST_F(ManyConnectionsTest, WhatIsLentInATurnStaysWhatItIsUntilTheTurnEnds) {
  connect_all(70);
  for (auto& peer : servers)
    peer->on_bytes_hook = [&own = *peer](Buffer& in) { own.connection->write(std::move(in)); };
  send_all();
  loop.run_once();
  for (size_t i = 0; i < fds.size(); ++i) {
    char text[64];
    const ssize_t size = ::recv(fds[i], text, sizeof text, MSG_DONTWAIT);
    ASSERT_GT(size, 0);
    EXPECT_EQ(std::string_view(text, static_cast<size_t>(size)), message(i));
  }
}

TEST_F(ManyConnectionsTest, TheEndOfInputComesBehindWhatTheLastBytesBringAbout) {
  connect_all(1);
  struct Work final : TurnWork {
    void on_turn() override { trace += 'r'; }
    std::string trace;
  } work;
  servers[0]->on_bytes_hook = [&](Buffer& in) {
    in.clear();
    work.trace += 'b';
    loop.in_turn(TurnPart::kRequests, work);
  };
  servers[0]->on_end_hook = [&] { work.trace += 'e'; };
  send_all();
  ASSERT_EQ(::shutdown(fds[0], SHUT_WR), 0);
  ASSERT_TRUE(wait([&] { return work.trace.size() >= 3; }));
  EXPECT_EQ(work.trace, "bre");
}

TEST_F(TcpConnectionTest, SaysWritableOnceAfterHavingBeenAboveTheHighWatermark) {
  connect();
  server.connection->hold(Hold::kLane);
  const std::string sent = noise(16'000'000);
  client.write(sent);
  settle();
  EXPECT_EQ(client.writable, 0);
  EXPECT_GT(client.connection->unsent(), Connection::kLowWatermark);
  server.connection->release(Hold::kLane);
  ASSERT_TRUE(wait([&] { return server.received.size() == sent.size(); }));
  settle();
  EXPECT_EQ(client.writable, 1);
}

TEST_F(TcpConnectionTest, AHalfClosedPeerCanStillBeAnswered) {
  connect();
  server.on_end_hook = [&] {
    server.write("late answer");
    server.connection->close_after_flush();
  };
  client.write("question");
  client.connection->close_after_flush();
  ASSERT_TRUE(wait([&] { return server.closed && client.closed; }));
  EXPECT_EQ(server.received, "question");
  EXPECT_TRUE(server.closed->ok()) << *server.closed;
  EXPECT_TRUE(client.closed->ok()) << *client.closed;
  EXPECT_EQ(client.received, "");  // It closed: what comes is dropped.
}

TEST_F(TcpConnectionTest, CloseAfterFlushDeliversEverythingFirst) {
  connect();
  const std::string sent = noise(10'000'000);
  server.on_end_hook = [&] { server.connection->close_after_flush(); };
  client.write(sent);
  client.connection->close_after_flush();
  ASSERT_TRUE(wait([&] { return client.closed && server.closed; }));
  EXPECT_TRUE(client.closed->ok());
  EXPECT_EQ(server.received, sent);
}

TEST_F(TcpConnectionTest, ClosesAfterTwoSecondsWhenThePeerStaysOpen) {
  connect();
  // The peer goes on sending, and gets the whole answer all the same.
  server.write("go away");
  server.connection->close_after_flush();
  client.write(noise(100'000));
  ASSERT_TRUE(wait([&] { return client.ended; }));
  EXPECT_EQ(client.received, "go away");
  EXPECT_FALSE(server.closed);
  const absl::Duration start = loop.clock().since_start();
  ASSERT_TRUE(wait([&] { return server.closed.has_value(); }));
  EXPECT_GE(loop.clock().since_start() - start, absl::Seconds(1.5));
  EXPECT_TRUE(server.closed->ok());
}

TEST_F(TcpConnectionTest, ReportsAResetByThePeer) {
  connect();
  server.connection->hold(Hold::kLane);
  client.write("never read");
  settle();
  server.connection.reset();  // Unread input makes this a reset.
  ASSERT_TRUE(wait([&] { return client.closed.has_value(); }));
  EXPECT_EQ(client.closed->message(), "connection reset by peer");
}

TEST_F(TcpConnectionTest, ReadsThePeersLastWordsBeforeReportingAFailedWrite) {
  connect();
  client.connection->hold(Hold::kLane);
  server.write("413 too large");
  settle();
  server.connection.reset();
  settle();
  bool failed_inside_write = false;
  loop.post([&] {
    client.connection->release(Hold::kLane);
    client.write("more");
    client.write("and more");
    failed_inside_write = client.closed.has_value();
  });
  ASSERT_TRUE(wait([&] { return client.ended; }));
  EXPECT_EQ(client.received, "413 too large");
  client.write("x");
  ASSERT_TRUE(wait([&] {
    client.write("x");
    return client.closed.has_value();
  }));
  EXPECT_FALSE(client.closed->ok());
  EXPECT_FALSE(failed_inside_write);
}

TEST_F(TcpConnectionTest, MayBeDestroyedInEveryCallback) {
  for (const std::string where : {"bytes", "end", "closed", "writable"}) {
    SCOPED_TRACE(where);
    server = Peer();
    client = Peer();
    connect();
    bool destroyed = false;
    const auto destroy = [&] {
      server.connection.reset();
      destroyed = true;
    };
    if (where == "bytes") {
      server.on_bytes_hook = [&](Buffer& in) {
        server.write("unsent");
        destroy();
        EXPECT_EQ(in.to_string(), "x");
      };
      client.write("x");
    } else if (where == "end") {
      server.on_end_hook = destroy;
      client.connection->close_after_flush();
    } else if (where == "closed") {
      server.on_closed_hook = destroy;
      client.connection->hold(Hold::kLane);
      server.write("unread");
      settle();
      client.connection.reset();
    } else {
      server.on_writable_hook = destroy;
      server.write(noise(9'000'000));
    }
    EXPECT_TRUE(wait([&] { return destroyed; }));
  }
}

TEST_F(TcpConnectionTest, DestroyingItWithQueuedBytesIsSafe) {
  connect();
  server.connection->hold(Hold::kLane);
  client.write(noise(30'000'000));
  settle(absl::Milliseconds(20));
  EXPECT_GT(client.connection->unsent(), 0u);
  client.connection.reset();
  client.connection.reset();
  settle(absl::Milliseconds(20));
}

// On a machine that stands still for milliseconds it may be told in between, but not each time.
TEST_F(TcpConnectionTest, IsToldOnceOfWhatIsNoUseAlone) {
  connect();
  // In turns, so that the pieces do not leave as one.
  const auto send = [&](std::string_view bytes) {
    client.write(bytes);
    loop.run_once();
  };
  bool was_once = false;
  for (int i = 0; i < 50 && !was_once; ++i) {
    const int reads = server.reads;
    server.received.clear();
    server.connection->await_more_than(5);
    send("head ");
    send("word");
    ASSERT_TRUE(wait([&] { return server.received == "head word"; }));
    was_once = server.reads == reads + 1;
  }
  EXPECT_TRUE(was_once);
  // Over with it: whatever comes next is told.
  client.write(".");
  ASSERT_TRUE(wait([&] { return server.received == "head word."; }));
}

TEST_F(TcpConnectionTest, IsToldOfTooFewBytesAMomentLater) {
  connect();
  server.connection->await_more_than(100);
  client.write("short");
  ASSERT_TRUE(wait([&] { return server.received == "short"; }, absl::Seconds(1)));
  client.write("er");
  ASSERT_TRUE(wait([&] { return server.received == "shorter"; }, absl::Seconds(1)));
}

TEST_F(TcpConnectionTest, IsToldOfTooFewBytesWhenThePeerEnds) {
  connect();
  server.connection->await_more_than(100);
  client.write("last");
  client.connection->close_after_flush();
  ASSERT_TRUE(wait([&] { return server.ended; }, absl::Seconds(1)));
  EXPECT_EQ(server.received, "last");
}

TEST_F(TcpConnectionTest, MayGoWhileItAwaitsBytes) {
  connect();
  server.connection->await_more_than(100);
  server.connection.reset();
  settle();
  EXPECT_TRUE(client.ended || client.closed.has_value());
}

TEST_F(TcpConnectionTest, WorksOverAUnixSocket) {
  const std::string path = testing::TempDir() + "/omni_net_test.sock";
  auto socket = BoundSocket::bind(*ListenAddress::parse("unix:" + path), false);
  ASSERT_TRUE(socket.ok()) << socket.status();
  const auto mode = std::filesystem::status(path).permissions();
  EXPECT_EQ(static_cast<int>(mode), 0660);
  listen_on(*std::move(socket));
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  path.copy(where.sun_path, sizeof where.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
  ASSERT_EQ(::write(fd, "over a path", 11), 11);
  ASSERT_TRUE(wait([&] { return server.received == "over a path"; }));
  EXPECT_EQ(server.connection->peer(), "unix:");
  EXPECT_TRUE(server.connection->peer_is_loopback());
  server.write("back");
  settle();
  char back[8] = {};
  EXPECT_EQ(::read(fd, back, sizeof back), 4);
  ::close(fd);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace omni::net
