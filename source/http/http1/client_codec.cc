#include "source/http/http1/client_codec.h"

#include <algorithm>
#include <utility>

#include "source/base/check.h"
#include "source/base/status.h"
#include "source/http/vocabulary.h"

namespace omni {

Http1ClientCodec::Http1ClientCodec(ClientEvents& events, const CodecLimits& limits)
    : events_(events), reader_(HeadReader::Kind::kResponse, limits), chunks_(limits) {}

StreamId Http1ClientCodec::open(const RequestHead& head) {
  OMNI_CHECK(can_open());
  ++id_;
  is_open_ = true;
  request_done_ = false;
  is_head_request_ = head.method == "HEAD";
  informational_ = 0;
  phase_ = Phase::kHead;
  BodyFraming framing = BodyFraming::kNone;
  std::optional<uint64_t> length = head.content_length;
  if (length) {
    framing = BodyFraming::kFixed;
  } else if (head.has_body) {
    framing = BodyFraming::kChunked;
  } else if (head.method == "POST" || head.method == "PUT" || head.method == "PATCH") {
    length = 0;  // RFC 9110 section 8.6.
  }
  write_request_head(head, length, framing, out_);
  writer_.begin(framing, length.value_or(0));
  return id_;
}

void Http1ClientCodec::send_body(StreamId id, Buffer&& body) {
  if (!is_current(id) || request_done_) return;
  // The peer would take the surplus for a second request, or wait for what is missing: such a
  // connection cannot be used again.
  if (!writer_.write(std::move(body), out_)) finished_ = true;
}

void Http1ClientCodec::send_complete(StreamId id) {
  if (!is_current(id) || request_done_) return;
  request_done_ = true;
  if (!writer_.finish(out_)) finished_ = true;
}

void Http1ClientCodec::reset(StreamId id, ResetReason) {
  if (!is_current(id)) return;
  is_open_ = false;
  finished_ = true;
}

absl::Status Http1ClientCodec::feed(Buffer& in) {
  while (!in.empty() && is_open_) {
    switch (phase_) {
      case Phase::kHead:
        OMNI_RETURN_IF_ERROR(read_head(in));
        break;
      case Phase::kFixed:
        read_fixed(in);
        break;
      case Phase::kChunked:
        OMNI_RETURN_IF_ERROR(read_chunked(in));
        break;
      case Phase::kUntilClose:
        deliver(in.take(in.size()));
        break;
    }
  }
  if (in.empty()) return absl::OkStatus();
  // Nobody asked for these bytes; a later request must not get them for an answer.
  in.clear();
  if (finished_) return absl::OkStatus();
  finished_ = true;
  return invalid("the upstream sent bytes that no request asked for");
}

absl::Status Http1ClientCodec::read_head(Buffer& in) {
  switch (reader_.read(in)) {
    case HeadReader::Verdict::kIncomplete:
      return absl::OkStatus();
    case HeadReader::Verdict::kFault:
      return fail(reader_.fault());
    case HeadReader::Verdict::kComplete:
      break;
  }
  ResponseHead head;
  Framing framing;
  if (const Fault fault = reader_.finish(framing, head)) return fail(fault);
  if (head.status >= 200) return begin_response(std::move(head), framing, in);
  // 101 answers an Upgrade, which is never sent.
  if (head.status == 101) return fail({502, "The protocol was switched without being asked."});
  if (++informational_ > kMaxInformational)
    return fail({502, "There are too many informational answers."});
  return absl::OkStatus();
}

absl::Status Http1ClientCodec::begin_response(ResponseHead&& head, const Framing& framing,
                                              Buffer& in) {
  if (!framing.keeps_alive) finished_ = true;
  const bool has_body = !is_head_request_ && !forbids_body(head.status);
  body_left_ = has_body ? head.content_length.value_or(0) : 0;
  bool is_over = !has_body;
  if (!has_body) {
    // A chunked or unframed answer without body ends here as well.
  } else if (framing.is_chunked) {
    phase_ = Phase::kChunked;
    chunks_.restart();
  } else if (head.content_length) {
    phase_ = Phase::kFixed;
    is_over = body_left_ == 0;
  } else {
    phase_ = Phase::kUntilClose;
    finished_ = true;
  }
  const StreamId id = id_;
  events_.on_response_headers(id, std::move(head));
  if (is_over && is_current(id)) complete(in);
  return absl::OkStatus();
}

void Http1ClientCodec::read_fixed(Buffer& in) {
  const StreamId id = id_;
  Buffer body = in.take(std::min<uint64_t>(body_left_, in.size()));
  body_left_ -= body.size();
  deliver(std::move(body));
  if (body_left_ == 0 && is_current(id)) complete(in);
}

absl::Status Http1ClientCodec::read_chunked(Buffer& in) {
  const StreamId id = id_;
  Buffer body;
  const ChunkDecoder::Verdict verdict = chunks_.decode(in, body);
  deliver(std::move(body));
  if (!is_current(id)) return absl::OkStatus();
  if (verdict == ChunkDecoder::Verdict::kFault) return fail(chunks_.fault());
  if (verdict == ChunkDecoder::Verdict::kComplete) complete(in);
  return absl::OkStatus();
}

void Http1ClientCodec::deliver(Buffer&& body) {
  if (!body.empty()) events_.on_response_body(id_, std::move(body));
}

// What `in` still holds came before any further request, so it answers none.
void Http1ClientCodec::complete(const Buffer& in) {
  is_open_ = false;
  phase_ = Phase::kHead;
  // The peer may not read the rest of the request.
  if (!request_done_ || !in.empty()) finished_ = true;
  events_.on_response_complete(id_);
}

absl::Status Http1ClientCodec::fail(const Fault& fault) {
  is_open_ = false;
  finished_ = true;
  events_.on_reset(id_, ResetReason::kProtocolError, true);
  return invalid(std::string("the upstream's answer is not valid HTTP/1: ") + fault.why);
}

void Http1ClientCodec::on_end_of_input() {
  const bool was_open = is_open_;
  is_open_ = false;
  finished_ = true;
  if (!was_open) return;
  if (phase_ == Phase::kUntilClose) return events_.on_response_complete(id_);
  // Cut short (RFC 9112 section 8). The request may have been carried out all the same.
  events_.on_reset(id_, ResetReason::kProtocolError, true);
}

}  // namespace omni
