// TLS over another connection. What runs above cannot tell it from a plain one.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/time/time.h>

#include <memory>
#include <string>

#include "source/event/loop.h"
#include "source/net/connection.h"
#include "source/net/tls_session.h"

namespace omni::net {

// An input that ends without close_notify may have been cut short by anybody on the way, so it is
// reported as an error, never as an end of input.
class TlsConnection final : public Connection, private ConnectionEvents, private TurnWork {
 public:
  using OnHandshake = absl::AnyInvocable<void(absl::Status)>;

  static constexpr absl::Duration kHandshakeLimit = absl::Seconds(10);

  TlsConnection(Loop& loop, std::unique_ptr<Connection> lower, std::unique_ptr<TlsSession> session);
  ~TlsConnection() override = default;

  // Shakes hands before start(), without a time limit. The callback may destroy or start the
  // connection. Without this call start() begins the handshake, which then has kHandshakeLimit.
  void handshake(OnHandshake on_done);

  void start(ConnectionEvents& events) override;
  void write(Buffer&& bytes) override;
  size_t unsent() const override { return plain_out_.size() + lower_->unsent(); }
  void hold(Hold reason) override;
  void release(Hold reason) override;
  void close_after_flush() override;

  std::string_view peer() const override { return lower_->peer(); }
  bool peer_is_loopback() const override { return lower_->peer_is_loopback(); }
  std::string_view alpn() const override { return alpn_; }
  bool is_tls() const override { return true; }
  const PeerIdentity& peer_identity() const override { return identity_; }
  bool is_resumed() const { return session_->is_resumed(); }

 private:
  // kFailed: the alert is being sent. kClosing: close_notify is.
  enum class State : uint8_t { kHandshake, kOpen, kFailed, kClosing, kClosed };

  void on_bytes(Buffer& in) override;
  void on_end_of_input() override;
  void on_writable() override;
  void on_closed(absl::Status why) override;
  void on_turn() override;

  void step_handshake(Buffer& in);
  void established();
  void decrypt(Buffer& in);
  size_t fill(Buffer& in);
  bool offer();
  void resume();
  void encrypt();
  void send(Buffer&& ciphertext);
  [[gnu::cold]] void fail(absl::Status why);
  void report(absl::Status why);

  Loop& loop_;
  std::unique_ptr<Connection> lower_;
  std::unique_ptr<TlsSession> session_;
  ConnectionEvents* events_ = nullptr;
  OnHandshake on_handshake_;
  std::unique_ptr<Timer> timer_;  // Of the handshake.
  Buffer plain_in_;               // Owned bytes that on_bytes() left.
  Buffer plain_out_;
  absl::Status failure_;
  std::string alpn_;
  PeerIdentity identity_;
  // Expires with this object: a callback may have destroyed it.
  std::shared_ptr<const char> alive_ = std::make_shared<const char>('\0');
  State state_ = State::kHandshake;
  uint8_t holds_ = 0;
  bool is_resuming_ = false;
  bool end_reported_ = false;
  bool above_high_ = false;
};

}  // namespace omni::net
