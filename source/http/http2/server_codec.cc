#include "source/http/http2/server_codec.h"

#include <string>
#include <utility>

#include "source/http/vocabulary.h"

namespace omni {
namespace {

// RFC 9113 section 8.3.1: what nghttp2 does not check of a request's control data.
bool is_well_formed(const Http2Stream& stream) {
  if (!is_token(stream.method) || !is_target(stream.target)) return false;
  if (stream.target[0] != '/' && (stream.target != "*" || stream.method != "OPTIONS")) return false;
  if (stream.scheme != "http" && stream.scheme != "https") return false;
  if (!stream.authority.empty() && !stream.host.empty() && stream.authority != stream.host)
    return false;
  return is_authority(stream.authority) && is_authority(stream.host);
}

// A client may have split it for compression (RFC 9113 section 8.2.3).
void join_cookies(Headers& headers) {
  if (headers.count("cookie") < 2) return;
  std::string joined;
  for (const Headers::Field field : headers) {
    if (field.name != "cookie") continue;
    if (!joined.empty()) joined += "; ";
    joined += field.value;
  }
  headers.set("cookie", joined);
}

RequestHead take_head(Http2Stream& stream) {
  RequestHead head;
  head.method = std::move(stream.method);
  head.target = std::move(stream.target);
  head.scheme = std::move(stream.scheme);
  head.authority = std::move(stream.authority.empty() ? stream.host : stream.authority);
  head.headers = std::move(stream.headers);
  head.content_length = stream.content_length;
  head.has_body = !stream.peer_ended;
  join_cookies(head.headers);
  return head;
}

}  // namespace

Http2ServerCodec::Http2ServerCodec(ServerEvents& events, const CodecLimits& limits,
                                   const Clock& clock)
    : events_(events),
      limits_(limits),
      session_(Http2Session::Role::kServer, *this, limits, clock) {}

void Http2ServerCodec::on_fields(Http2Stream& stream) {
  if (stream.head_received) {
    // Trailers: dropped, but not without bound.
    if (stream.is_too_large) fail(stream, NGHTTP2_ENHANCE_YOUR_CALM);
    return;
  }
  stream.head_received = true;
  if (stream.is_too_large) return refuse(stream, {431, "The header fields are too large."});
  if (stream.method == "CONNECT") return refuse(stream, {405, "CONNECT is not served here."});
  if (!is_well_formed(stream)) return fail(stream, NGHTTP2_PROTOCOL_ERROR);
  if (stream.has_odd_expectation)
    return refuse(stream, {417, "The only expectation met here is 100-continue."});
  session_.report(stream);
  stream.is_forgotten = false;
  ++alive_;
  const bool is_head = stream.method == "HEAD";
  if (is_head) stream.is_head_request = true;
  events_.on_request_headers(stream.id, take_head(stream));
  if (stream.expects_continue && !stream.peer_ended && !stream.head_sent && !stream.is_over) {
    HeaderBlock block;
    block.add(":status", "100");
    session_.inform(stream, block);
  }
}

void Http2ServerCodec::on_data(Http2Stream& stream, Buffer&& data) {
  events_.on_request_body(stream.id, std::move(data));
}

void Http2ServerCodec::on_peer_end(Http2Stream& stream) { events_.on_request_complete(stream.id); }

void Http2ServerCodec::on_broken(Http2Stream& stream, uint32_t error_code) {
  stream.is_over = true;
  events_.on_reset(stream.id, to_reset_reason(error_code));
}

// The peer's fault, on this stream only.
void Http2ServerCodec::fail(Http2Stream& stream, uint32_t error_code) {
  session_.reset(stream, error_code, false);
  if (!stream.was_reported) {
    stream.is_over = true;
  } else if (!stream.is_over) {
    on_broken(stream, error_code);
  }
}

void Http2ServerCodec::refuse(Http2Stream& stream, const Fault& fault) {
  const std::string body = fault_body(fault);
  HeaderBlock block;
  block.add_status(fault.status);
  block.add("content-type", "application/json");
  block.add_length(body.size());
  stream.is_over = true;
  const bool has_body = stream.method != "HEAD";
  session_.respond(stream, block, has_body);
  session_.send_body(stream, Buffer(body));
  session_.end_body(stream);
}

Http2Stream* Http2ServerCodec::answerable(StreamId id) {
  Http2Stream* stream = session_.find(id);
  return stream != nullptr && stream->was_reported && !stream->is_over ? stream : nullptr;
}

void Http2ServerCodec::send_headers(StreamId id, const ResponseHead& head) {
  Http2Stream* stream = answerable(id);
  if (stream == nullptr || stream->head_sent || stream->is_closed) return;
  HeaderBlock block;
  block.add_status(head.status);
  block.add_all(head.headers);
  const bool has_body = !stream->is_head_request && !forbids_body(head.status);
  if (head.content_length && (has_body || stream->is_head_request || head.status == 304))
    block.add_length(*head.content_length);
  if (has_body) stream->out_left = head.content_length;
  session_.respond(*stream, block, has_body && head.content_length != uint64_t{0});
}

void Http2ServerCodec::send_body(StreamId id, Buffer&& body) {
  Http2Stream* stream = answerable(id);
  if (stream == nullptr || !stream->head_sent || body.empty()) return;
  if (!session_.send_body(*stream, std::move(body))) reset(id, ResetReason::kInternal);
}

void Http2ServerCodec::send_complete(StreamId id) {
  Http2Stream* stream = answerable(id);
  if (stream == nullptr) return;
  if (!stream->head_sent || !session_.end_body(*stream)) return reset(id, ResetReason::kInternal);
  stream->is_over = true;
  session_.settle(*stream);
}

void Http2ServerCodec::reset(StreamId id, ResetReason reason) {
  Http2Stream* stream = answerable(id);
  if (stream == nullptr) return;
  stream->is_over = true;
  session_.reset(*stream, to_error_code(reason), true);
  session_.settle(*stream);
}

void Http2ServerCodec::forget(StreamId id) {
  reset(id, ResetReason::kInternal);
  Http2Stream* stream = session_.find(id);
  if (stream == nullptr || stream->is_forgotten) return;
  stream->is_forgotten = true;
  --alive_;
  session_.settle(*stream);
}

void Http2ServerCodec::consumed(StreamId id, size_t bytes) {
  if (Http2Stream* stream = session_.find(id)) session_.consumed(*stream, bytes);
}

size_t Http2ServerCodec::pending(StreamId id) const {
  const Http2Stream* stream = session_.find(id);
  return stream != nullptr ? stream->out.size() : 0;
}

bool Http2ServerCodec::is_finished() const {
  if (session_.has_output()) return false;
  return session_.is_broken() || (session_.has_left() && session_.open_streams() == 0);
}

}  // namespace omni
