// The client's side of one HTTP/1 connection: one exchange at a time, never pipelined.
#pragma once

#include "api/codec.h"
#include "source/http/http1/chunk_decoder.h"
#include "source/http/http1/framing.h"
#include "source/http/http1/head_reader.h"
#include "source/http/http1/wire.h"

namespace omni {

class Http1ClientCodec final : public ClientCodec {
 public:
  // Informational answers swallowed per exchange before the peer is taken for broken.
  static constexpr int kMaxInformational = 16;

  // `events` outlives the codec.
  Http1ClientCodec(ClientEvents& events, const CodecLimits& limits);

  StreamId open(const RequestHead& head) override;
  void send_body(StreamId id, Buffer&& body) override;
  void send_complete(StreamId id) override;
  void reset(StreamId id, ResetReason reason) override;
  void consumed(StreamId, size_t) override {}
  size_t pending(StreamId id) const override { return id == id_ ? out_.size() : 0; }

  absl::Status feed(Buffer& in) override;
  void on_end_of_input() override;
  void drain(Buffer& out) override { out.append(std::move(out_)); }

  bool can_open() const override { return !is_open_ && !finished_; }
  bool is_finished() const override { return finished_ && !is_open_; }
  size_t active() const override { return is_open_ ? 1 : 0; }

 private:
  enum class Phase : uint8_t { kHead, kFixed, kChunked, kUntilClose };

  bool is_current(StreamId id) const { return is_open_ && id == id_; }
  absl::Status read_head(Buffer& in);
  absl::Status begin_response(ResponseHead&& head, const Framing& framing, Buffer& in);
  void read_fixed(Buffer& in);
  absl::Status read_chunked(Buffer& in);
  void deliver(Buffer&& body);
  void complete(const Buffer& in);
  [[gnu::cold]] absl::Status fail(const Fault& fault);

  ClientEvents& events_;

  HeadReader reader_;
  ChunkDecoder chunks_;
  BodyWriter writer_;
  Buffer out_;

  StreamId id_ = 0;
  uint64_t body_left_ = 0;
  int informational_ = 0;
  Phase phase_ = Phase::kHead;
  bool is_open_ = false;
  bool request_done_ = false;
  bool is_head_request_ = false;
  bool finished_ = false;  // No further exchange.
};

}  // namespace omni
