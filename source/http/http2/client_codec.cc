#include "source/http/http2/client_codec.h"

#include <algorithm>
#include <utility>

#include "source/base/check.h"
#include "source/http/vocabulary.h"

namespace omni {
namespace {

// Assumed until the peer's SETTINGS say otherwise (RFC 9113 section 6.5.2 recommends no less).
constexpr uint32_t kStreamsBeforeSettings = 100;
constexpr uint32_t kLastStream = 0x7fffffff;

}  // namespace

Http2ClientCodec::Http2ClientCodec(ClientEvents& events, const CodecLimits& limits,
                                   const Clock& clock)
    : events_(events), session_(Http2Session::Role::kClient, *this, limits, clock) {}

StreamId Http2ClientCodec::open(const RequestHead& head) {
  OMNI_CHECK(can_open());
  HeaderBlock block;
  block.add(":method", is_token(head.method) ? std::string_view(head.method) : "GET");
  block.add(":scheme", head.scheme == "https" ? "https" : "http");
  if (is_authority(head.authority)) block.add(":authority", head.authority);
  const std::string target = encode_target(head.target);
  block.add(":path", target);
  block.add_all(head.headers);
  if (head.content_length) block.add_length(*head.content_length);
  const bool has_body = head.content_length ? *head.content_length > 0 : head.has_body;
  const StreamId id = session_.request(block, has_body);
  Http2Stream* stream = session_.find(id);
  stream->out_left = head.content_length;
  stream->is_head_request = head.method == "HEAD";
  return id;
}

Http2Stream* Http2ClientCodec::live(StreamId id) {
  Http2Stream* stream = session_.find(id);
  return stream != nullptr && !stream->is_over ? stream : nullptr;
}

void Http2ClientCodec::send_body(StreamId id, Buffer&& body) {
  Http2Stream* stream = live(id);
  if (stream == nullptr || body.empty()) return;
  // The peer would see a length that differs; it learns by a reset instead, and so do our events.
  if (!session_.send_body(*stream, std::move(body)))
    session_.reset(*stream, NGHTTP2_INTERNAL_ERROR, true);
}

void Http2ClientCodec::send_complete(StreamId id) {
  Http2Stream* stream = live(id);
  if (stream != nullptr && !session_.end_body(*stream))
    session_.reset(*stream, NGHTTP2_INTERNAL_ERROR, true);
}

void Http2ClientCodec::reset(StreamId id, ResetReason reason) {
  Http2Stream* stream = live(id);
  if (stream == nullptr) return;
  stream->is_over = true;
  session_.reset(*stream, to_error_code(reason), true);
  session_.settle(*stream);
}

void Http2ClientCodec::consumed(StreamId id, size_t bytes) {
  if (Http2Stream* stream = session_.find(id)) session_.consumed(*stream, bytes);
}

size_t Http2ClientCodec::pending(StreamId id) const {
  const Http2Stream* stream = session_.find(id);
  return stream != nullptr ? stream->out.size() : 0;
}

absl::Status Http2ClientCodec::feed(Buffer& in) {
  const absl::Status status = session_.feed(in);
  if (!status.ok()) on_end_of_input();
  return status;
}

void Http2ClientCodec::on_end_of_input() {
  ended_ = true;
  for (const StreamId id : session_.open_ids())
    if (Http2Stream* stream = live(id)) on_broken(*stream, NGHTTP2_PROTOCOL_ERROR);
}

bool Http2ClientCodec::can_open() const {
  if (ended_ || session_.has_left()) return false;
  if (nghttp2_session_get_next_stream_id(session_.raw()) >= kLastStream) return false;
  const uint32_t allowed = session_.has_settings()
                               ? nghttp2_session_get_remote_settings(
                                     session_.raw(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
                               : kStreamsBeforeSettings;
  return session_.open_streams() < allowed;
}

bool Http2ClientCodec::is_finished() const {
  if (ended_ || session_.is_broken()) return true;
  const bool used_up = nghttp2_session_get_next_stream_id(session_.raw()) >= kLastStream;
  return (session_.has_left() || used_up) && session_.open_streams() == 0;
}

void Http2ClientCodec::on_fields(Http2Stream& stream) {
  if (stream.is_too_large) return fail(stream);
  if (stream.head_received) return;
  // nghttp2 takes any three digits, and 074 for a final status.
  if (stream.status < 100 || stream.status > 599) return fail(stream);
  if (stream.status < 200) {
    stream.headers.clear();
    stream.content_length.reset();
    if (++stream.informational > kMaxInformational) fail(stream);
    return;
  }
  stream.head_received = true;
  ResponseHead head;
  head.status = stream.status;
  head.headers = std::move(stream.headers);
  head.content_length = stream.content_length;
  events_.on_response_headers(stream.id, std::move(head));
}

void Http2ClientCodec::on_data(Http2Stream& stream, Buffer&& data) {
  events_.on_response_body(stream.id, std::move(data));
}

void Http2ClientCodec::on_peer_end(Http2Stream& stream) {
  if (!stream.head_received) return fail(stream);
  stream.is_over = true;
  // Nobody reads the rest of the request any more (RFC 9113 section 8.1).
  if (stream.out_has_body && (!stream.out_ended || !stream.out.empty()))
    session_.reset(stream, NGHTTP2_NO_ERROR, true);
  events_.on_response_complete(stream.id);
}

void Http2ClientCodec::on_broken(Http2Stream& stream, uint32_t error_code) {
  stream.is_over = true;
  // Only then does the peer promise that it did nothing (RFC 9113 section 8.7).
  events_.on_reset(stream.id, to_reset_reason(error_code), error_code != NGHTTP2_REFUSED_STREAM);
}

void Http2ClientCodec::on_unsent(Http2Stream& stream) { on_broken(stream, NGHTTP2_REFUSED_STREAM); }

void Http2ClientCodec::fail(Http2Stream& stream) {
  session_.reset(stream, NGHTTP2_PROTOCOL_ERROR, true);
  on_broken(stream, NGHTTP2_PROTOCOL_ERROR);
}

}  // namespace omni
