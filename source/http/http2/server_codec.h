// The server's side of one HTTP/2 connection.
#pragma once

#include "api/codec.h"
#include "api/event.h"
#include "source/http/fault.h"
#include "source/http/http2/session.h"

namespace omni {

class Http2ServerCodec final : public ServerCodec, private Http2SessionOwner {
 public:
  // `events` and `clock` outlive the codec.
  Http2ServerCodec(ServerEvents& events, const CodecLimits& limits, const Clock& clock);

  absl::Status feed(Buffer& in) override { return session_.feed(in); }
  bool on_end_of_input() override { return session_.open_streams() == 0; }
  void drain(Buffer& out) override { session_.drain(out); }

  void send_headers(StreamId id, const ResponseHead& head) override;
  void send_body(StreamId id, Buffer&& body) override;
  void send_complete(StreamId id) override;
  void reset(StreamId id, ResetReason reason) override;
  void forget(StreamId id) override;
  void consumed(StreamId id, size_t bytes) override;
  size_t pending(StreamId id) const override;
  void begin_shutdown() override { session_.begin_shutdown(); }
  bool is_finished() const override;
  size_t active() const override { return session_.open_streams(); }
  bool is_mid_headers() const override { return session_.is_mid_headers(); }
  void give_up_headers() override { session_.begin_shutdown(); }

 private:
  bool accepts_stream() override { return alive_ < limits_.concurrent_streams; }
  void on_fields(Http2Stream& stream) override;
  void on_data(Http2Stream& stream, Buffer&& data) override;
  void on_peer_end(Http2Stream& stream) override;
  void on_broken(Http2Stream& stream, uint32_t error_code) override;
  void on_unsent(Http2Stream&) override {}

  Http2Stream* answerable(StreamId id);
  void fail(Http2Stream& stream, uint32_t error_code);
  void refuse(Http2Stream& stream, const Fault& fault);

  ServerEvents& events_;
  const CodecLimits limits_;
  size_t alive_ = 0;  // Exchanges reported and not forgotten.
  mutable Http2Session session_;
};

}  // namespace omni
