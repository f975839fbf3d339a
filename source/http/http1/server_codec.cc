#include "source/http/http1/server_codec.h"

#include <algorithm>
#include <utility>

#include "source/base/status.h"
#include "source/http/vocabulary.h"

namespace omni {

Http1ServerCodec::Http1ServerCodec(ServerEvents& events, const CodecLimits& limits,
                                   std::string_view scheme)
    : events_(events),
      limits_(limits),
      scheme_(scheme == "https" ? "https" : "http"),
      reader_(HeadReader::Kind::kRequest, limits),
      chunks_(limits) {}

absl::Status Http1ServerCodec::feed(Buffer& in) {
  if (!surplus_.empty()) {
    surplus_.append(std::move(in));
    in = surplus_.take();
  }
  absl::Status status = advance(in);
  if (finished_) in.clear();
  left_some_ = !in.empty();
  return status;
}

absl::Status Http1ServerCodec::advance(Buffer& in) {
  while (!in.empty() && !finished_) {
    switch (phase_) {
      case Phase::kHead:
        OMNI_RETURN_IF_ERROR(read_head(in));
        break;
      case Phase::kFixed:
        read_fixed(in);
        break;
      case Phase::kGathering:
        gather(in);
        break;
      case Phase::kChunked:
        OMNI_RETURN_IF_ERROR(read_chunked(in));
        break;
      case Phase::kAnswering:
        return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

absl::Status Http1ServerCodec::read_head(Buffer& in) {
  switch (reader_.read(in)) {
    case HeadReader::Verdict::kIncomplete:
      return absl::OkStatus();
    case HeadReader::Verdict::kFault:
      return refuse(reader_.fault());
    case HeadReader::Verdict::kComplete:
      break;
  }
  RequestHead head;
  Framing framing;
  if (const Fault fault = reader_.finish(scheme_, framing, head)) return refuse(fault);
  begin_request(std::move(head), framing, !in.empty());
  return absl::OkStatus();
}

void Http1ServerCodec::begin_request(RequestHead&& head, const Framing& framing,
                                     bool body_has_arrived) {
  ++id_;
  is_open_ = true;
  head_sent_ = false;
  is_head_request_ = head.method == "HEAD";
  is_old_ = framing.is_old;
  wants_gathering_ = false;
  awaits_continue_ = framing.expects_continue && !body_has_arrived;
  closes_ |= !framing.keeps_alive;
  dropped_ = 0;
  body_bytes_ = body_left_ = head.content_length.value_or(0);
  if (framing.is_chunked) {
    phase_ = Phase::kChunked;
    chunks_.restart();
  } else {
    phase_ = body_left_ > 0 ? Phase::kFixed : Phase::kAnswering;
  }
  const StreamId id = id_;
  events_.on_request_headers(id, std::move(head));
  if (!is_current(id)) return;
  if (phase_ == Phase::kAnswering) return events_.on_request_complete(id);
  if (awaits_continue_ && !head_sent_) {
    out_.append_static("HTTP/1.1 100 Continue\r\n\r\n");
    awaits_continue_ = false;
  }
  if (wants_gathering_ && phase_ == Phase::kFixed && !body_has_arrived) begin_gathering();
}

void Http1ServerCodec::read_fixed(Buffer& in) {
  awaits_continue_ = false;
  if (!is_open_) {
    const size_t count = std::min<uint64_t>(body_left_, in.size());
    in.drop(count);
    body_left_ -= count;
    if (drop_body(count) && body_left_ == 0) complete_request();
    return;
  }
  // A body that is here already, in one piece, needs no gathering.
  if (wants_gathering_ && body_left_ == body_bytes_ && in.front().size() < body_left_) {
    begin_gathering();
    return gather(in);
  }
  Buffer body = in.take(std::min<uint64_t>(body_left_, in.size()));
  body_left_ -= body.size();
  deliver(std::move(body));
  if (body_left_ == 0 && phase_ == Phase::kFixed) complete_request();
}

void Http1ServerCodec::begin_gathering() {
  gatherer_.begin(body_bytes_);
  phase_ = Phase::kGathering;
}

void Http1ServerCodec::gather(Buffer& in) {
  awaits_continue_ = false;
  gatherer_.take_from(in);
  body_left_ = gatherer_.missing();
  if (body_left_ > 0) return;
  phase_ = Phase::kFixed;
  deliver(gatherer_.finish());
  complete_request();
}

absl::Span<char> Http1ServerCodec::read_target() {
  if (phase_ != Phase::kGathering || finished_) return {};
  return gatherer_.target();
}

absl::Status Http1ServerCodec::received(size_t count) {
  if (phase_ != Phase::kGathering || count == 0) return absl::OkStatus();
  Buffer behind, none;
  gatherer_.received(count, behind);
  surplus_.append(std::move(behind));
  gather(none);
  // What was read behind the body may be a whole request that nothing else will announce.
  if (phase_ != Phase::kHead || surplus_.empty()) return absl::OkStatus();
  Buffer in = surplus_.take();
  absl::Status status = advance(in);
  if (!finished_) surplus_.append(std::move(in));
  return status;
}

void Http1ServerCodec::gather_body(StreamId id) {
  if (!is_current(id) || body_bytes_ == 0 || body_left_ != body_bytes_) return;
  wants_gathering_ = body_bytes_ <= limits_.gather_body_bytes;
}

absl::Status Http1ServerCodec::read_chunked(Buffer& in) {
  awaits_continue_ = false;
  Buffer body;
  const size_t before = in.size();
  const ChunkDecoder::Verdict verdict = chunks_.decode(in, body);
  if (is_open_) {
    deliver(std::move(body));
  } else if (!drop_body(before - in.size())) {
    return absl::OkStatus();
  }
  if (finished_) return absl::OkStatus();
  if (verdict == ChunkDecoder::Verdict::kFault) return refuse(chunks_.fault());
  if (verdict == ChunkDecoder::Verdict::kComplete) complete_request();
  return absl::OkStatus();
}

// Counts bytes of a body that its answer did not wait for. False when they were too many.
bool Http1ServerCodec::drop_body(size_t bytes) {
  dropped_ += bytes;
  if (dropped_ <= kDrainedBytes) return true;
  finish();
  return false;
}

void Http1ServerCodec::deliver(Buffer&& body) {
  if (is_open_ && !body.empty()) events_.on_request_body(id_, std::move(body));
}

void Http1ServerCodec::complete_request() {
  if (finished_) return;
  phase_ = Phase::kAnswering;
  if (is_open_) {
    events_.on_request_complete(id_);
  } else {
    end_exchange();
  }
}

// Both sides are done.
void Http1ServerCodec::end_exchange() {
  phase_ = Phase::kHead;
  if (closes_) finish();
}

void Http1ServerCodec::finish() {
  finished_ = true;
  is_open_ = false;
  surplus_.clear();
  gatherer_.clear();
}

void Http1ServerCodec::give_up_headers() {
  refuse({408, "The head of the request did not arrive in time."}).IgnoreError();
}

absl::Status Http1ServerCodec::refuse(const Fault& fault) {
  const bool was_open = is_open_;
  const bool answers = was_open ? !head_sent_ : phase_ == Phase::kHead;
  finish();
  if (was_open) events_.on_reset(id_, ResetReason::kProtocolError);
  if (answers) {
    const std::string body = fault_body(fault);
    ResponseHead head;
    head.status = fault.status;
    head.headers.add("content-type", "application/json");
    write_response_head(head, body.size(), BodyFraming::kFixed, ConnectionWord::kClose, out_);
    out_.append(body);
  }
  return fault_status(fault);
}

bool Http1ServerCodec::on_end_of_input() {
  input_ended_ = true;
  // A request that is not complete never will be.
  const bool owes = phase_ == Phase::kAnswering && is_open_;
  const bool has_more = !surplus_.empty() || left_some_;
  if (!owes && !(has_more && phase_ == Phase::kHead)) finish();
  return is_finished();
}

void Http1ServerCodec::send_headers(StreamId id, const ResponseHead& head) {
  if (!is_current(id) || head_sent_) return;
  head_sent_ = true;
  BodyFraming framing = BodyFraming::kChunked;
  std::optional<uint64_t> length = head.content_length;
  if (is_head_request_ || forbids_body(head.status)) {
    framing = BodyFraming::kNone;
    if (forbids_body(head.status) && head.status != 304) length.reset();
  } else if (length) {
    framing = BodyFraming::kFixed;
  } else if (is_old_) {
    framing = BodyFraming::kUntilClose;
    closes_ = true;
  }
  // The peer may now send its body or not, and we could not tell (RFC 9110 section 10.1.1).
  if (awaits_continue_) closes_ = true;
  // A refusal of a body too large to be drained will close, so say it.
  if (head.status >= 400 && phase_ != Phase::kChunked && body_left_ > kDrainedBytes) closes_ = true;
  // Who is too slow is not waited for any longer (RFC 9110 section 15.5.9).
  if (head.status == 408) closes_ = true;
  ConnectionWord word = is_old_ ? ConnectionWord::kKeepAlive : ConnectionWord::kNothing;
  if (closes_) word = ConnectionWord::kClose;
  write_response_head(head, length, framing, word, out_);
  writer_.begin(framing, length.value_or(0));
}

void Http1ServerCodec::send_body(StreamId id, Buffer&& body) {
  if (!is_current(id) || !head_sent_) return;
  if (!writer_.write(std::move(body), out_)) finish();
}

void Http1ServerCodec::send_complete(StreamId id) {
  if (!is_current(id)) return;
  if (!head_sent_ || !writer_.finish(out_)) return finish();
  is_open_ = false;
  if (phase_ == Phase::kAnswering) return end_exchange();
  if (awaits_continue_ || (phase_ != Phase::kChunked && body_left_ > kDrainedBytes) ||
      input_ended_) {
    return finish();
  }
  // What is left of the body is read and dropped, so that the connection can be used again.
  gatherer_.clear();
  if (phase_ == Phase::kGathering) phase_ = Phase::kFixed;
}

void Http1ServerCodec::reset(StreamId id, ResetReason) {
  if (is_current(id)) finish();
}

void Http1ServerCodec::begin_shutdown() {
  closes_ = true;
  if (phase_ == Phase::kHead && reader_.is_empty()) finish();
}

bool Http1ServerCodec::is_finished() const {
  if (!out_.empty()) return false;
  if (finished_) return true;
  return input_ended_ && phase_ == Phase::kHead && !is_open_ && !left_some_ && surplus_.empty();
}

}  // namespace omni
