// The server's side of one HTTP/1 connection. One exchange at a time: a pipelined request stays in
// the input until the answer before it is complete.
#pragma once

#include <string>

#include "api/codec.h"
#include "source/buffer/rare_buffer.h"
#include "source/http/http1/body_gatherer.h"
#include "source/http/http1/chunk_decoder.h"
#include "source/http/http1/framing.h"
#include "source/http/http1/head_reader.h"
#include "source/http/http1/wire.h"

namespace omni {

class Http1ServerCodec final : public ServerCodec {
 public:
  // A body that an answer leaves unread is read and dropped up to here, else the connection closes.
  static constexpr uint64_t kDrainedBytes = 64 * 1024;

  // `events` outlives the codec. `scheme` is "http" or "https".
  Http1ServerCodec(ServerEvents& events, const CodecLimits& limits, std::string_view scheme);

  absl::Status feed(Buffer& in) override;
  bool on_end_of_input() override;
  void drain(Buffer& out) override { out.append(std::move(out_)); }
  absl::Span<char> read_target() override;
  absl::Status received(size_t count) override;
  void gather_body(StreamId id) override;

  void send_headers(StreamId id, const ResponseHead& head) override;
  void send_body(StreamId id, Buffer&& body) override;
  void send_complete(StreamId id) override;
  void reset(StreamId id, ResetReason reason) override;
  void consumed(StreamId, size_t) override {}
  size_t pending(StreamId id) const override { return id == id_ ? out_.size() : 0; }
  void begin_shutdown() override;
  bool is_finished() const override;
  size_t active() const override { return is_open_ ? 1 : 0; }
  bool is_mid_headers() const override { return phase_ == Phase::kHead && !reader_.is_empty(); }
  void give_up_headers() override;

 private:
  // Where the input is. kAnswering: the request is complete and its answer is not.
  enum class Phase : uint8_t { kHead, kFixed, kGathering, kChunked, kAnswering };

  bool is_current(StreamId id) const { return is_open_ && id == id_; }
  absl::Status advance(Buffer& in);
  absl::Status read_head(Buffer& in);
  void begin_request(RequestHead&& head, const Framing& framing, bool body_has_arrived);
  void read_fixed(Buffer& in);
  void begin_gathering();
  void gather(Buffer& in);
  absl::Status read_chunked(Buffer& in);
  bool drop_body(size_t bytes);
  void deliver(Buffer&& body);
  void complete_request();
  void end_exchange();
  void finish();
  [[gnu::cold]] absl::Status refuse(const Fault& fault);

  ServerEvents& events_;
  const CodecLimits limits_;
  const std::string_view scheme_;

  HeadReader reader_;
  ChunkDecoder chunks_;
  BodyGatherer gatherer_;
  BodyWriter writer_;
  Buffer out_;
  RareBuffer surplus_;  // Bytes of the next request that were read behind a gathered body.

  StreamId id_ = 0;
  uint64_t body_bytes_ = 0;  // Content-Length, else 0.
  uint64_t body_left_ = 0;
  uint64_t dropped_ = 0;  // Of a body that nobody reads any more.
  Phase phase_ = Phase::kHead;
  bool is_open_ = false;    // An exchange is on: its answer has not ended.
  bool head_sent_ = false;  // The final head of its answer.
  bool is_head_request_ = false;
  bool is_old_ = false;
  bool wants_gathering_ = false;
  bool awaits_continue_ = false;  // The peer may hold its body back until we say 100.
  bool closes_ = false;           // After this exchange.
  bool input_ended_ = false;
  bool left_some_ = false;  // The last feed() left bytes that wait for this exchange.
  bool finished_ = false;
};

}  // namespace omni
