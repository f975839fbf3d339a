// One client's connection: a byte stream, a codec that fits what it speaks, and its exchanges.
#pragma once

#include <absl/container/inlined_vector.h>

#include <memory>
#include <string>

#include "api/codec.h"
#include "source/buffer/rare_buffer.h"
#include "source/http/server_exchange.h"
#include "source/net/connection.h"

namespace omni {

class ServerConnection final : public net::ConnectionEvents,
                               public ServerEvents,
                               public ExchangeOwner,
                               public TurnWork,
                               public Deferred {
 public:
  class Registry {
   public:
    // The connection is finished: destroy it with Dispatcher::destroy_later.
    virtual void connection_over(ServerConnection& connection) = 0;

   protected:
    ~Registry() = default;
  };

  // All references outlive the connection.
  ServerConnection(std::unique_ptr<net::Connection> connection, ExchangeHost& host,
                   Registry& registry, const ServerLimits& limits, size_t listener);
  ~ServerConnection() override;

  void start();
  // No new requests: GOAWAY or `Connection: close`; closes when the last exchange ends.
  void begin_shutdown();
  // Ends what is still open with an error in the client's dialect.
  void end_exchanges();
  size_t active() const { return exchanges_.size(); }

  void on_bytes(Buffer& in) override;
  absl::Span<char> read_target() override;
  void on_read_into_target(size_t count) override;
  void on_end_of_input() override;
  void on_writable() override;
  void on_closed(absl::Status why) override;

  void on_request_headers(StreamId stream, RequestHead&& head) override;
  void on_request_body(StreamId stream, Buffer&& bytes) override;
  void on_request_complete(StreamId stream) override;
  void on_reset(StreamId stream, ResetReason reason) override;

  ExchangeHost& host() override { return host_; }
  const ServerLimits& limits() const override { return limits_; }
  size_t listener() const override { return listener_; }
  std::string_view peer() const override { return connection_->peer(); }
  std::string_view protocol() const override { return is_http2_ ? "HTTP/2" : "HTTP/1.1"; }
  bool from_loopback() const override { return connection_->peer_is_loopback(); }
  ServerCodec& codec() override { return *codec_; }
  void flush_soon() override { host_.dispatcher().at_turn_end(*this); }
  void hold_request(StreamId stream, bool hold) override;
  void exchange_over(StreamId stream) override;

  void on_turn() override;

 private:
  // The bytes say which codec; false while there are too few of them.
  bool choose_codec(const Buffer& in);
  void feed(Buffer& in);
  void fed(const absl::Status& status);
  void feed_again();
  [[gnu::cold]] void fail_exchanges();
  void check_pressure();
  void close_when_done();
  void tell_shutdown();
  bool awaits_first_request() const;
  void arm_timer();
  void check_timeouts();
  bool is_idle_too_long(absl::Duration now) const;
  bool refuse_slow_bodies(absl::Duration now);
  void over();
  ServerExchange* find(StreamId stream);

  std::unique_ptr<net::Connection> connection_;
  ExchangeHost& host_;
  Registry& registry_;
  const ServerLimits& limits_;
  const size_t listener_;
  std::unique_ptr<ServerCodec> codec_;
  absl::InlinedVector<std::unique_ptr<ServerExchange>, 1> exchanges_;
  RareBuffer input_;  // Pipelined bytes that wait for their turn.
  std::unique_ptr<Timer> timer_;
  absl::Duration quiet_since_;   // When the last exchange ended, or the connection began.
  absl::Duration head_since_;    // When the head that is being read began.
  absl::Duration unsent_since_;  // When the client last took a byte.
  absl::Duration shutdown_since_;
  size_t unsent_seen_ = 0;
  bool is_http2_ = false;
  bool feeding_ = false;
  bool refeed_ = false;
  bool closing_ = false;  // close_after_flush() was called.
  bool shutting_down_ = false;
  bool told_shutdown_ = false;
  bool has_served_ = false;  // A request has arrived.
  bool over_ = false;
};

}  // namespace omni
