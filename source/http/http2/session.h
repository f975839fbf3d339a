// What both sides of HTTP/2 have in common: one nghttp2 session in memory, the table of its
// streams, flow control, sending without copies, and the limits on what a peer can make us do.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>
#include <nghttp2/nghttp2.h>

#include <memory>
#include <string_view>
#include <vector>

#include "api/codec.h"
#include "api/event.h"
#include "source/http/http2/budget.h"
#include "source/http/http2/header_block.h"
#include "source/http/http2/skipped_ids.h"
#include "source/http/http2/stream.h"

namespace omni {

// The codec above a session. Called from inside feed() only.
class Http2SessionOwner {
 public:
  virtual ~Http2SessionOwner() = default;
  // A request begins. False has it refused.
  virtual bool accepts_stream() = 0;
  // A field block ended: a head, or trailers when `head_received` is set already.
  virtual void on_fields(Http2Stream& stream) = 0;
  virtual void on_data(Http2Stream& stream, Buffer&& data) = 0;
  virtual void on_peer_end(Http2Stream& stream) = 0;
  // Reported, not over, and now closed before its time.
  virtual void on_broken(Http2Stream& stream, uint32_t error_code) = 0;
  // The peer left before this request of ours was sent; it never will be.
  virtual void on_unsent(Http2Stream& stream) = 0;
};

class Http2Session {
 public:
  enum class Role : uint8_t { kServer, kClient };

  Http2Session(Role role, Http2SessionOwner& owner, const CodecLimits& limits, const Clock& clock);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  absl::Status feed(Buffer& in);
  void drain(Buffer& out);

  Http2Stream* find(StreamId id);
  // A message with `block` as its head. `has_body` false ends our side with it.
  void respond(Http2Stream& stream, const HeaderBlock& block, bool has_body);
  void inform(Http2Stream& stream, const HeaderBlock& block);
  StreamId request(const HeaderBlock& block, bool has_body);
  // False when `body` is longer than announced: the surplus is gone.
  bool send_body(Http2Stream& stream, Buffer&& body);
  // False when the body is shorter than announced; then it has not ended.
  bool end_body(Http2Stream& stream);
  // `is_own` tells a reset for our reasons from one that the peer caused, which is counted.
  void reset(Http2Stream& stream, uint32_t error_code, bool is_own);
  void consumed(Http2Stream& stream, size_t bytes);
  // Call when the owner's events get to know the stream: it counts as open from here.
  void report(Http2Stream& stream);
  // Call when `is_over` or `is_forgotten` changed; may destroy `stream`.
  void settle(Http2Stream& stream);

  // GOAWAY that loses no request: first with the highest id, then, when the peer has answered a
  // PING, with the real one (RFC 9113 section 6.8).
  void begin_shutdown();
  // A GOAWAY has gone either way, so that no further stream will begin.
  bool has_left() const { return goaway_sent_ || goaway_received_ || broken_; }
  bool is_broken() const { return broken_; }
  bool has_settings() const { return settings_received_; }
  bool is_mid_headers() const { return mid_stream_ != 0 || (has_input_ && !settings_received_); }
  bool has_output() const { return !out_.empty() || nghttp2_session_want_write(session_) != 0; }
  // Reported streams that are not over, or not yet closed on the wire.
  size_t open_streams() const { return open_; }
  std::vector<StreamId> open_ids() const;
  nghttp2_session* raw() const { return session_; }

 private:
  static constexpr size_t kMostDropped = 64 * 1024;  // Of a request that is answered.
  struct Callbacks;
  struct Late {
    StreamId id;
    uint32_t error_code;
  };

  static const nghttp2_session_callbacks* callbacks();
  Http2Stream& add(StreamId id);
  void submit_settings();
  void pump();
  void break_off(uint32_t error_code, std::string_view why);
  void deliver_late();
  void end_of_peer(Http2Stream& stream);
  void close(StreamId id, uint32_t error_code);
  void take_field(Http2Stream& stream, std::string_view name, std::string_view value);
  void leave();

  // From nghttp2. A result other than 0 is one of its error codes.
  int on_begin_frame(const nghttp2_frame_hd& head);
  int on_begin_headers(const nghttp2_frame& frame);
  int on_header(StreamId id, std::string_view name, std::string_view value);
  int on_frame(const nghttp2_frame& frame);
  int on_chunk(StreamId id, const char* data, size_t size);
  int count_nuisance();
  int count_reset();
  void answered_early(Http2Stream& stream);
  void stop_early(Http2Stream& stream);
  void on_sent(const nghttp2_frame& frame);
  ssize_t read_body(Http2Stream& stream, size_t room, uint32_t& flags);
  void write_body(Http2Stream& stream, const uint8_t* frame_head, size_t size);

  Http2SessionOwner& owner_;
  const CodecLimits limits_;
  const Role role_;
  nghttp2_session* session_ = nullptr;
  absl::flat_hash_map<StreamId, std::unique_ptr<Http2Stream>> streams_;
  Http2Stream* latest_ = nullptr;  // The last one found: frames come in runs.
  Buffer out_;
  const Slice* input_ = nullptr;  // While nghttp2 reads it.
  std::vector<StreamId> queued_;  // Got body bytes since the last drain().
  std::vector<Late> late_;        // Closed outside feed(), where nothing may be reported.
  SkippedIds skipped_;
  Budget resets_;
  Budget nuisances_;
  absl::Status error_;
  size_t open_ = 0;
  StreamId mid_stream_ = 0;  // Its field block has begun and not ended.
  bool in_nghttp2_ = false;
  bool in_feed_ = false;
  bool has_input_ = false;
  bool settings_received_ = false;
  bool goaway_sent_ = false;  // The one that counts.
  bool goaway_received_ = false;
  bool shutting_down_ = false;
  bool broken_ = false;
};

}  // namespace omni
