// The client's side of one HTTP/2 connection, by prior knowledge or ALPN.
#pragma once

#include "api/codec.h"
#include "api/event.h"
#include "source/http/http2/session.h"

namespace omni {

class Http2ClientCodec final : public ClientCodec, private Http2SessionOwner {
 public:
  // Informational answers swallowed per exchange before the peer is taken for broken.
  static constexpr int kMaxInformational = 16;

  // `events` and `clock` outlive the codec.
  Http2ClientCodec(ClientEvents& events, const CodecLimits& limits, const Clock& clock);

  StreamId open(const RequestHead& head) override;
  void send_body(StreamId id, Buffer&& body) override;
  void send_complete(StreamId id) override;
  void reset(StreamId id, ResetReason reason) override;
  void consumed(StreamId id, size_t bytes) override;
  size_t pending(StreamId id) const override;

  absl::Status feed(Buffer& in) override;
  void on_end_of_input() override;
  void drain(Buffer& out) override { session_.drain(out); }

  bool can_open() const override;
  bool is_finished() const override;
  size_t active() const override { return ended_ ? 0 : session_.open_streams(); }

 private:
  bool accepts_stream() override { return false; }
  void on_fields(Http2Stream& stream) override;
  void on_data(Http2Stream& stream, Buffer&& data) override;
  void on_peer_end(Http2Stream& stream) override;
  void on_broken(Http2Stream& stream, uint32_t error_code) override;
  void on_unsent(Http2Stream& stream) override;

  Http2Stream* live(StreamId id);
  void fail(Http2Stream& stream);

  ClientEvents& events_;
  bool ended_ = false;
  mutable Http2Session session_;
};

}  // namespace omni
