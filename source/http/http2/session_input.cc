// The half of the session that hears from nghttp2 what the peer sent.
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "source/http/http2/session.h"
#include "source/http/vocabulary.h"

namespace omni {
namespace {

// RFC 9113 section 6.5.2: what a field costs beside its text.
constexpr size_t kHpackOverhead = 32;

}  // namespace

int Http2Session::on_begin_frame(const nghttp2_frame_hd& head) {
  if (role_ != Role::kServer || head.type != NGHTTP2_HEADERS || head.stream_id % 2 == 0) return 0;
  if (skipped_.admit(head.stream_id)) return 0;
  break_off(NGHTTP2_PROTOCOL_ERROR, "a stream id that was passed over is used");
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int Http2Session::on_begin_headers(const nghttp2_frame& frame) {
  mid_stream_ = frame.hd.stream_id;
  if (role_ != Role::kServer || frame.headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  Http2Stream& stream = add(frame.hd.stream_id);
  if (owner_.accepts_stream()) return 0;
  stream.is_over = true;
  reset(stream, NGHTTP2_REFUSED_STREAM, false);
  return 0;
}

int Http2Session::on_header(StreamId id, std::string_view name, std::string_view value) {
  Http2Stream* stream = find(id);
  if (stream == nullptr || stream->is_over) return 0;
  stream->header_bytes += name.size() + value.size() + kHpackOverhead;
  if (name.front() != ':') ++stream->header_count;
  if (stream->header_bytes > limits_.header_bytes || stream->header_count > limits_.header_count)
    stream->is_too_large = true;
  // Trailers are counted and dropped.
  if (!stream->is_too_large && !stream->head_received) take_field(*stream, name, value);
  return 0;
}

void Http2Session::take_field(Http2Stream& stream, std::string_view name, std::string_view value) {
  if (name.front() == ':') {
    if (name == ":method") stream.method = value;
    if (name == ":path") stream.target = value;
    if (name == ":scheme") stream.scheme = value;
    if (name == ":authority") stream.authority = value;
    if (name == ":status") stream.status = std::atoi(std::string(value).c_str());
    return;
  }
  if (!is_made_by_codec(name)) return stream.headers.add(name, value);
  if (name == "host") stream.host = value;
  if (name == "content-length") stream.content_length = parse_content_length(value);
  if (name == "expect") {
    stream.expects_continue = value == "100-continue";
    stream.has_odd_expectation = !stream.expects_continue;
  }
}

int Http2Session::on_chunk(StreamId id, const char* data, size_t size) {
  Http2Stream* stream = find(id);
  if (stream == nullptr || stream->is_over || !stream->head_received || stream->drops) {
    nghttp2_session_consume(session_, id, size);
    if (stream != nullptr && stream->drops && (stream->dropped += size) > kMostDropped)
      stop_early(*stream);
    return 0;
  }
  stream->unconsumed += size;
  Buffer body;
  const std::string_view input = input_->view();
  if (data >= input.data() && data + size <= input.data() + input.size()) {
    body.append(input_->part(static_cast<size_t>(data - input.data()), size));
  } else {
    body.append(std::string_view(data, size));
  }
  owner_.on_data(*stream, std::move(body));
  return broken_ ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

void Http2Session::end_of_peer(Http2Stream& stream) {
  stream.peer_ended = true;
  if (stream.was_reported && !stream.is_over) owner_.on_peer_end(stream);
}

int Http2Session::count_nuisance() {
  if (nuisances_.spend()) return 0;
  break_off(NGHTTP2_ENHANCE_YOUR_CALM, "too many frames that bring nothing");
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

// Upstreams reset only what we ask of them, so a client's session does not count.
int Http2Session::count_reset() {
  if (role_ == Role::kClient || resets_.spend()) return 0;
  break_off(NGHTTP2_ENHANCE_YOUR_CALM, "too many reset streams");
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int Http2Session::on_frame(const nghttp2_frame& frame) {
  const bool ends = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  Http2Stream* stream = frame.hd.stream_id != 0 ? find(frame.hd.stream_id) : nullptr;
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
      mid_stream_ = 0;
      if (stream == nullptr) return 0;
      if (ends) stream->peer_ended = true;
      if (!stream->is_over) owner_.on_fields(*stream);
      if (ends) end_of_peer(*stream);
      return 0;
    case NGHTTP2_DATA:
      if (!ends && frame.hd.length == 0) return count_nuisance();
      if (ends && stream != nullptr) end_of_peer(*stream);
      return 0;
    case NGHTTP2_RST_STREAM:
      return count_reset();
    case NGHTTP2_SETTINGS:
      settings_received_ = true;
      return (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0 ? 0 : count_nuisance();
    case NGHTTP2_PING:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) == 0) return count_nuisance();
      if (shutting_down_ && !goaway_sent_) leave();
      return 0;
    case NGHTTP2_PRIORITY:
      return count_nuisance();
    case NGHTTP2_GOAWAY: {
      goaway_received_ = true;
      if (role_ == Role::kServer) return 0;
      std::vector<StreamId> unsent;
      for (const auto& [id, known] : streams_)
        if (!known->head_sent && !known->is_over) unsent.push_back(id);
      for (const StreamId id : unsent) owner_.on_unsent(*find(id));
      return 0;
    }
    default:
      return 0;
  }
}

}  // namespace omni
