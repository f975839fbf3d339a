// Two ends of a real connection on one loop, and events that remember what happened.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "source/event/loop.h"
#include "source/net/dialer.h"
#include "source/net/tcp_listener.h"
#include "source/net/tls_context.h"

namespace omni::net {

// Runs `loop` until `done` holds; false after `limit`.
template <class Condition>
bool run_until(Loop& loop, Condition done, absl::Duration limit = absl::Seconds(10)) {
  bool late = false;
  const auto timer = loop.make_timer([&] { late = true; });
  timer->arm(limit);
  while (!done() && !late) loop.run_once();
  return done();
}

// One end. Takes all bytes unless told otherwise.
class Peer final : public ConnectionEvents {
 public:
  void adopt(std::unique_ptr<Connection> c) {
    connection = std::move(c);
    connection->start(*this);
  }
  void write(std::string_view bytes) { connection->write(Buffer(bytes)); }

  void on_bytes(Buffer& in) override {
    ++reads;
    if (on_bytes_hook) return on_bytes_hook(in);
    received += in.to_string();
    in.clear();
  }
  absl::Span<char> read_target() override {
    return read_target_hook ? read_target_hook() : absl::Span<char>();
  }
  void on_read_into_target(size_t count) override { into_target += count; }
  void on_end_of_input() override {
    ended = true;
    if (on_end_hook) on_end_hook();
  }
  void on_writable() override {
    ++writable;
    if (on_writable_hook) on_writable_hook();
  }
  void on_closed(absl::Status why) override {
    closed = std::move(why);
    if (on_closed_hook) on_closed_hook();
  }

  std::unique_ptr<Connection> connection;
  std::string received;
  int reads = 0;
  int writable = 0;
  size_t into_target = 0;
  bool ended = false;
  std::optional<absl::Status> closed;
  std::function<void(Buffer&)> on_bytes_hook;
  std::function<absl::Span<char>()> read_target_hook;
  std::function<void()> on_end_hook;
  std::function<void()> on_writable_hook;
  std::function<void()> on_closed_hook;
};

class NetTest : public testing::Test {
 protected:
  // Listens on loopback, on any port.
  void listen(std::shared_ptr<TlsServer> tls = nullptr) {
    auto socket = BoundSocket::bind(*ListenAddress::parse("127.0.0.1:0"), false);
    ASSERT_TRUE(socket.ok()) << socket.status();
    listen_on(*std::move(socket), std::move(tls));
  }
  void listen_on(BoundSocket socket, std::shared_ptr<TlsServer> tls = nullptr) {
    address = socket.address();
    auto made = net::listen(loop, std::move(socket), std::move(tls),
                            [this](std::unique_ptr<Connection> c) { server.adopt(std::move(c)); });
    ASSERT_TRUE(made.ok()) << made.status();
    listener = *std::move(made);
  }
  Origin origin() const {
    Origin out;
    out.host = address.host;
    out.port = address.port;
    out.allow_private = true;
    out.seal();
    return out;
  }
  DialResult dial(const Origin& to, absl::Duration limit = absl::Seconds(10)) {
    std::optional<DialResult> out;
    const Dial attempt(context, to, limit, [&](DialResult result) { out = std::move(result); });
    EXPECT_TRUE(wait([&] { return out.has_value(); }));
    return *std::move(out);
  }
  // Both ends, started.
  void connect() {
    if (listener == nullptr) listen();
    DialResult result = dial(origin());
    ASSERT_NE(result.connection, nullptr) << result.why;
    client.adopt(std::move(result.connection));
    ASSERT_TRUE(wait([&] { return server.connection != nullptr; }));
  }
  template <class Condition>
  bool wait(Condition done, absl::Duration limit = absl::Seconds(10)) {
    return run_until(loop, done, limit);
  }
  // Lets everything happen that is going to.
  void settle(absl::Duration time = absl::Milliseconds(60)) {
    run_until(
        loop, [] { return false; }, time);
  }

  Loop loop;
  Resolver resolver{loop};
  TlsTrust trust;
  TlsClients tls_clients{trust};
  DialContext context{loop, resolver, tls_clients};
  ListenAddress address;
  std::unique_ptr<Listener> listener;
  Peer server;
  Peer client;
};

}  // namespace omni::net
