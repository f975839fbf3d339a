#include "source/http/http2/session.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "source/base/check.h"
#include "source/base/status.h"
#include "source/http/vocabulary.h"

namespace omni {
namespace {

// Frames that ask for work and bring nothing: PING, SETTINGS, PRIORITY, empty DATA (CVE-2019-9512,
// -9515, -9518). Clients that measure round trips send some hundreds a second.
constexpr uint32_t kNuisanceBurst = 1000;
constexpr uint32_t kNuisancesPerSecond = 500;
// ACKs that wait to be sent (CVE-2019-9512), and CONTINUATION frames of one head (CVE-2024-28182).
constexpr size_t kMaxOutboundAcks = 100;
constexpr size_t kMaxContinuations = 8;
// Up to here one copy behind the frame head is cheaper than a slice of its own.
constexpr size_t kCopiedFrameBytes = 1024;
constexpr size_t kFrameHeadBytes = 9;
constexpr int32_t kHighestStream = 0x7fffffff;
constexpr std::array<uint8_t, 8> kShutdownPing = {'s', 'h', 'u', 't', 'd', 'o', 'w', 'n'};

Http2Session& self(void* user_data) { return *static_cast<Http2Session*>(user_data); }

std::string_view view(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

// nghttp2's C callbacks, each one line to a method.
struct Http2Session::Callbacks {
  static int begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
    return self(user).on_begin_frame(*head);
  }
  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return self(user).on_begin_headers(*frame);
  }
  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                    size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                    void* user) {
    return self(user).on_header(frame->hd.stream_id, view(name, name_size),
                                view(value, value_size));
  }
  // Without this nghttp2 would leave a malformed field out silently.
  static int invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t,
                            const uint8_t*, size_t, uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  static int frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return self(user).on_frame(*frame);
  }
  static int invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
    if (self(user).mid_stream_ == frame->hd.stream_id) self(user).mid_stream_ = 0;
    return 0;
  }
  static int chunk(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size,
                   void* user) {
    return self(user).on_chunk(id, reinterpret_cast<const char*>(data), size);
  }
  static int sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    self(user).on_sent(*frame);
    return 0;
  }
  static int not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
      self(user).close(frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
    return 0;
  }
  static int closed(nghttp2_session*, int32_t id, uint32_t error_code, void* user) {
    self(user).close(id, error_code);
    return 0;
  }
  static ssize_t read_body(nghttp2_session*, int32_t, uint8_t*, size_t room, uint32_t* flags,
                           nghttp2_data_source* source, void* user) {
    return self(user).read_body(*static_cast<Http2Stream*>(source->ptr), room, *flags);
  }
  static int write_body(nghttp2_session*, nghttp2_frame*, const uint8_t* frame_head, size_t size,
                        nghttp2_data_source* source, void* user) {
    self(user).write_body(*static_cast<Http2Stream*>(source->ptr), frame_head, size);
    return 0;
  }
};

const nghttp2_session_callbacks* Http2Session::callbacks() {
  static const nghttp2_session_callbacks* const shared = [] {
    nghttp2_session_callbacks* made = nullptr;
    OMNI_CHECK(nghttp2_session_callbacks_new(&made) == 0);
    nghttp2_session_callbacks_set_on_begin_frame_callback(made, Callbacks::begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(made, Callbacks::begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(made, Callbacks::header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(made, Callbacks::invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(made, Callbacks::frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, Callbacks::invalid_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, Callbacks::chunk);
    nghttp2_session_callbacks_set_on_frame_send_callback(made, Callbacks::sent);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(made, Callbacks::not_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(made, Callbacks::closed);
    nghttp2_session_callbacks_set_send_data_callback(made, Callbacks::write_body);
    return made;
  }();
  return shared;
}

Http2Session::Http2Session(Role role, Http2SessionOwner& owner, const CodecLimits& limits,
                           const Clock& clock)
    : owner_(owner),
      limits_(limits),
      role_(role),
      resets_(clock, limits.reset_burst, limits.resets_per_second),
      nuisances_(clock, kNuisanceBurst, kNuisancesPerSecond) {
  nghttp2_option* options = nullptr;
  OMNI_CHECK(nghttp2_option_new(&options) == 0);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_max_outbound_ack(options, kMaxOutboundAcks);
  nghttp2_option_set_max_continuations(options, kMaxContinuations);
  // Our own count, which a test's clock can move, is the tighter one.
  nghttp2_option_set_stream_reset_rate_limit(options, uint64_t{10} * limits.reset_burst,
                                             uint64_t{10} * limits.resets_per_second);
  const int made = role == Role::kServer
                       ? nghttp2_session_server_new2(&session_, callbacks(), this, options)
                       : nghttp2_session_client_new2(&session_, callbacks(), this, options);
  nghttp2_option_del(options);
  OMNI_CHECK(made == 0);
  submit_settings();
}

Http2Session::~Http2Session() { nghttp2_session_del(session_); }

void Http2Session::submit_settings() {
  const auto header_bytes = static_cast<uint32_t>(limits_.header_bytes);
  const uint32_t first = role_ == Role::kServer ? limits_.concurrent_streams : 0;
  const std::array<nghttp2_settings_entry, 3> entries = {{
      {role_ == Role::kServer ? NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS
                              : NGHTTP2_SETTINGS_ENABLE_PUSH,
       first},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits_.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, header_bytes},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(), entries.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(limits_.stream_window_bytes * 4));
}

// --- Bytes in and out.

absl::Status Http2Session::feed(Buffer& in) {
  if (broken_) {
    in.clear();
    return error_;
  }
  in_feed_ = true;
  has_input_ |= !in.empty();
  deliver_late();
  while (!in.empty() && !broken_) {
    input_ = &in.slice(0);
    in_nghttp2_ = true;
    const ssize_t used = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const uint8_t*>(in.front().data()), in.front().size());
    in_nghttp2_ = false;
    input_ = nullptr;
    if (used <= 0) {
      const bool flooded = used == NGHTTP2_ERR_FLOODED;
      break_off(flooded ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR,
                nghttp2_strerror(static_cast<int>(used)));
      break;
    }
    in.drop(static_cast<size_t>(used));
  }
  // Whatever nghttp2 resets on its own is closed here, while it may still be reported.
  pump();
  in_feed_ = false;
  if (!broken_) return absl::OkStatus();
  in.clear();
  return error_;
}

void Http2Session::pump() {
  in_nghttp2_ = true;
  while (true) {
    const uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size <= 0) break;
    out_.append(view(data, static_cast<size_t>(size)));
  }
  in_nghttp2_ = false;
}

void Http2Session::drain(Buffer& out) {
  if (in_nghttp2_) return;
  pump();
  // What the windows hold back outlives the callback that lent it.
  for (const StreamId id : queued_) {
    Http2Stream* stream = find(id);
    if (stream != nullptr) stream->out.own();
  }
  queued_.clear();
  out.append(std::move(out_));
}

void Http2Session::break_off(uint32_t error_code, std::string_view why) {
  if (broken_) return;
  broken_ = true;
  error_ = invalid(std::string("HTTP/2: ").append(why));
  nghttp2_session_terminate_session(session_, error_code);
}

// --- Streams.

Http2Stream* Http2Session::find(StreamId id) {
  if (latest_ != nullptr && latest_->id == id) return latest_;
  const auto found = streams_.find(id);
  if (found == streams_.end()) return nullptr;
  latest_ = found->second.get();
  return latest_;
}

Http2Stream& Http2Session::add(StreamId id) {
  std::unique_ptr<Http2Stream>& slot = streams_[id];
  slot = std::make_unique<Http2Stream>(id);
  latest_ = slot.get();
  return *slot;
}

std::vector<StreamId> Http2Session::open_ids() const {
  std::vector<StreamId> ids;
  for (const auto& [id, stream] : streams_)
    if (stream->is_open) ids.push_back(id);
  return ids;
}

void Http2Session::report(Http2Stream& stream) {
  stream.was_reported = true;
  stream.is_open = true;
  ++open_;
}

void Http2Session::settle(Http2Stream& stream) {
  if (!stream.is_closed) return;
  if (stream.was_reported && !stream.is_over) return;
  if (std::exchange(stream.is_open, false)) --open_;
  if (!stream.is_forgotten) return;
  // Nobody will dispose of these bytes any more, and the connection's window must not leak.
  if (stream.unconsumed > 0) nghttp2_session_consume_connection(session_, stream.unconsumed);
  latest_ = nullptr;
  streams_.erase(stream.id);
}

void Http2Session::close(StreamId id, uint32_t error_code) {
  if (mid_stream_ == id) mid_stream_ = 0;
  Http2Stream* stream = find(id);
  if (stream == nullptr || stream->is_closed) return;
  stream->is_closed = true;
  const bool we_ended = stream->out_has_body ? stream->out_ended : stream->head_sent;
  const bool is_clean = error_code == NGHTTP2_NO_ERROR && stream->peer_ended && we_ended;
  if (stream->was_reported && !stream->is_over && !is_clean) {
    if (!in_feed_) return late_.push_back({id, error_code});
    owner_.on_broken(*stream, error_code);
    // Whoever heard of it may have forgotten the stream, which was its end.
    stream = find(id);
    if (stream == nullptr) return;
  }
  stream->out.clear();
  settle(*stream);
}

void Http2Session::deliver_late() {
  for (const Late& late : std::exchange(late_, {})) {
    Http2Stream* stream = find(late.id);
    if (stream == nullptr) continue;
    if (!stream->is_over) owner_.on_broken(*stream, late.error_code);
    if (Http2Stream* rest = find(late.id)) settle(*rest);
  }
}

void Http2Session::reset(Http2Stream& stream, uint32_t error_code, bool is_own) {
  stream.out.clear();
  stream.is_own_reset = is_own;
  if (!stream.is_closed)
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, error_code);
}

void Http2Session::consumed(Http2Stream& stream, size_t bytes) {
  const size_t count = std::min(bytes, stream.unconsumed);
  stream.unconsumed -= count;
  if (count > 0) nghttp2_session_consume(session_, stream.id, count);
}

// --- Sending.

void Http2Session::respond(Http2Stream& stream, const HeaderBlock& block, bool has_body) {
  stream.head_sent = true;
  stream.out_has_body = has_body;
  nghttp2_data_provider provider;
  provider.source.ptr = &stream;
  provider.read_callback = Callbacks::read_body;
  nghttp2_submit_response(session_, stream.id, block.data(), block.size(),
                          has_body ? &provider : nullptr);
}

void Http2Session::inform(Http2Stream& stream, const HeaderBlock& block) {
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream.id, nullptr, block.data(),
                         block.size(), nullptr);
}

StreamId Http2Session::request(const HeaderBlock& block, bool has_body) {
  const auto next = static_cast<StreamId>(nghttp2_session_get_next_stream_id(session_));
  Http2Stream& stream = add(next);
  stream.out_has_body = has_body;
  nghttp2_data_provider provider;
  provider.source.ptr = &stream;
  provider.read_callback = Callbacks::read_body;
  const int32_t id = nghttp2_submit_request(session_, nullptr, block.data(), block.size(),
                                            has_body ? &provider : nullptr, nullptr);
  OMNI_CHECK(id == next);
  report(stream);
  return id;
}

bool Http2Session::send_body(Http2Stream& stream, Buffer&& body) {
  if (!stream.out_has_body || stream.out_ended || stream.is_closed) return true;
  const bool fits = !stream.out_left || body.size() <= *stream.out_left;
  if (!fits) body = body.take(*stream.out_left);
  if (stream.out_left) *stream.out_left -= body.size();
  stream.out.append(std::move(body));
  queued_.push_back(stream.id);
  if (std::exchange(stream.is_deferred, false)) nghttp2_session_resume_data(session_, stream.id);
  return fits;
}

bool Http2Session::end_body(Http2Stream& stream) {
  if (stream.out_left.value_or(0) > 0) return false;
  stream.out_ended = true;
  if (std::exchange(stream.is_deferred, false)) nghttp2_session_resume_data(session_, stream.id);
  return true;
}

ssize_t Http2Session::read_body(Http2Stream& stream, size_t room, uint32_t& flags) {
  const size_t size = std::min(room, stream.out.size());
  if (size == 0 && !stream.out_ended) {
    stream.is_deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (stream.out_ended && size == stream.out.size()) flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(size);
}

void Http2Session::write_body(Http2Stream& stream, const uint8_t* frame_head, size_t size) {
  if (size > kCopiedFrameBytes) {
    out_.append(view(frame_head, kFrameHeadBytes));
    out_.append(stream.out.take(size));
    return;
  }
  std::array<char, kFrameHeadBytes + kCopiedFrameBytes> bytes;
  std::memcpy(bytes.data(), frame_head, kFrameHeadBytes);
  size_t at = kFrameHeadBytes;
  size_t left = size;
  for (size_t i = 0; left > 0; ++i) {
    const std::string_view part = stream.out.slice(i).view().substr(0, left);
    std::memcpy(bytes.data() + at, part.data(), part.size());
    at += part.size();
    left -= part.size();
  }
  stream.out.drop(size);
  out_.append({bytes.data(), at});
}

// A whole answer before the whole request: the peer may be told to stop (RFC 9113 section 8.1). Old
// clients then forget the answer (curl 7.88), so what is short is let come, and dropped.
void Http2Session::answered_early(Http2Stream& stream) {
  if (std::exchange(stream.is_open, false)) --open_;
  if (stream.content_length.value_or(0) > kMostDropped) return stop_early(stream);
  stream.drops = true;
}

void Http2Session::stop_early(Http2Stream& stream) {
  stream.drops = false;
  reset(stream, NGHTTP2_NO_ERROR, true);
}

void Http2Session::on_sent(const nghttp2_frame& frame) {
  Http2Stream* stream = frame.hd.stream_id != 0 ? find(frame.hd.stream_id) : nullptr;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
      if (stream == nullptr) return;
      if (frame.hd.type == NGHTTP2_HEADERS && role_ == Role::kClient) stream->head_sent = true;
      if (role_ == Role::kServer && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
          !stream->peer_ended)
        answered_early(*stream);
      return;
    case NGHTTP2_RST_STREAM:
      // A peer that makes us reset streams is as harmful as one that resets them (CVE-2025-8671).
      if (stream == nullptr || !stream->is_own_reset) count_reset();
      return;
    case NGHTTP2_GOAWAY:
      if (frame.goaway.error_code != NGHTTP2_NO_ERROR) {
        if (!broken_) error_ = invalid("HTTP/2: the peer broke the protocol");
        broken_ = true;
      }
      if (frame.goaway.last_stream_id != kHighestStream) goaway_sent_ = true;
      return;
    default:
      return;
  }
}

void Http2Session::begin_shutdown() {
  if (std::exchange(shutting_down_, true)) return;
  nghttp2_submit_shutdown_notice(session_);
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, kShutdownPing.data());
}

void Http2Session::leave() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

}  // namespace omni
