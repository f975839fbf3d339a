// A connection through a proxy: what runs above it cannot tell it from a direct one.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/types/span.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "source/buffer/buffer.h"
#include "source/net/connection.h"
#include "source/net/tunnel_handshake.h"

namespace omni::net {

// Speaks with the proxy first, then passes everything on. Belongs to the loop of `lower`.
class TunnelConnection final : public Connection, private ConnectionEvents {
 public:
  using OnHandshake = absl::AnyInvocable<void(absl::Status)>;

  // `lower` leads to the proxy and is not started yet.
  TunnelConnection(std::unique_ptr<Connection> lower, std::unique_ptr<TunnelHandshake> handshake)
      : lower_(std::move(lower)), handshake_(std::move(handshake)) {}

  // Asks for the tunnel, before start() and without a time limit. The callback is called once,
  // never from inside this call; it may destroy or start the connection. Errors are
  // TunnelHandshake's, or say that the proxy closed.
  void handshake(OnHandshake on_done);

  void start(ConnectionEvents& events) override;
  void write(Buffer&& bytes) override { lower_->write(std::move(bytes)); }
  size_t unsent() const override { return lower_->unsent(); }
  void hold(Hold reason) override { lower_->hold(reason); }
  void release(Hold reason) override { lower_->release(reason); }
  void close_after_flush() override { lower_->close_after_flush(); }

  std::string_view peer() const override { return lower_->peer(); }  // The proxy.
  bool peer_is_loopback() const override { return lower_->peer_is_loopback(); }
  std::string_view alpn() const override { return {}; }  // That of `lower` is the proxy's.
  bool is_tls() const override { return false; }
  const PeerIdentity& peer_identity() const override { return lower_->peer_identity(); }

 private:
  void on_bytes(Buffer& in) override;
  absl::Span<char> read_target() override;
  void on_read_into_target(size_t count) override { events_->on_read_into_target(count); }
  void on_end_of_input() override;
  void on_writable() override;
  void on_closed(absl::Status why) override;

  void finish(absl::Status status);

  std::unique_ptr<Connection> lower_;
  std::unique_ptr<TunnelHandshake> handshake_;  // Null when it is over.
  OnHandshake on_done_;
  ConnectionEvents* events_ = nullptr;
  // Expires with this object: a callback may have destroyed it.
  std::shared_ptr<const char> alive_ = std::make_shared<const char>('\0');
};

}  // namespace omni::net
