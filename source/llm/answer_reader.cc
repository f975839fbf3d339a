#include "source/llm/answer_reader.h"

#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni::llm {

AnswerReader::AnswerReader(Dialect dialect, const DecoderOptions& options, size_t max_event_bytes)
    : is_lines_(family_of(dialect) == Dialect::kOllama),
      max_event_bytes_(max_event_bytes),
      decoder_(make_answer_decoder(dialect, options)),
      framer_(max_event_bytes) {}

absl::Status AnswerReader::feed(const Buffer& in, Emit emit) {
  if (is_lines_) return feed_lines(in, emit, nullptr);
  absl::Status status;
  const bool fits = framer_.look(in, [&](std::string_view text) {
    status = frame(text, emit);
    return status.ok();
  });
  return fits ? status : invalid("an event is too large");
}

absl::Status AnswerReader::frame(std::string_view frame, Emit emit) {
  return decoder_->event(sse::parse_frame(frame, joined_), emit);
}

absl::Status AnswerReader::pass(Buffer& in, Emit emit, Buffer& out) {
  absl::Status status;
  if (is_lines_) {
    status = feed_lines(in, emit, &out);
    in.clear();
    return status;
  }
  const bool fits = framer_.feed(
      in,
      [&](std::string_view text) {
        if (status.ok()) status = frame(text, emit);
        return status.ok();
      },
      out);
  return fits ? status : invalid("an event is too large");
}

absl::Status AnswerReader::finish_pass(Emit emit, Buffer& out) {
  std::string last(is_lines_ ? std::string_view(tail_) : framer_.tail());
  OMNI_RETURN_IF_ERROR(finish(emit));
  if (last.empty()) return absl::OkStatus();
  if (!is_lines_ && last.back() != '\n') last += '\n';
  last += '\n';
  out.append(last);
  return absl::OkStatus();
}

absl::Status AnswerReader::feed_lines(const Buffer& in, Emit emit, Buffer* out) {
  for (size_t i = 0; i < in.slice_count(); ++i) {
    std::string_view text = in.slice(i).view();
    for (size_t end; (end = text.find('\n')) != std::string_view::npos;
         text.remove_prefix(end + 1)) {
      const bool is_whole = tail_.empty();
      if (!is_whole) tail_.append(text, 0, end + 1);
      const std::string_view whole = is_whole ? text.substr(0, end + 1) : std::string_view(tail_);
      if (whole.size() > max_event_bytes_) return invalid("an event is too large");
      OMNI_RETURN_IF_ERROR(line(whole, emit));
      if (out != nullptr) out->append(whole);
      tail_.clear();
    }
    tail_ += text;
    if (tail_.size() >= max_event_bytes_) return invalid("an event is too large");
  }
  return absl::OkStatus();
}

absl::Status AnswerReader::line(std::string_view line, Emit emit) {
  const std::string_view data = trim(line);
  if (data.empty()) return absl::OkStatus();
  return decoder_->event({.data = data, .has_data = true}, emit);
}

absl::Status AnswerReader::finish(Emit emit) {
  if (is_lines_ && !tail_.empty()) {
    OMNI_RETURN_IF_ERROR(line(tail_, emit));
  } else if (!framer_.tail().empty()) {
    const std::string last(framer_.tail());
    framer_.drop_tail();
    OMNI_RETURN_IF_ERROR(frame(last, emit));
  }
  decoder_->finish(emit);
  return absl::OkStatus();
}

}  // namespace omni::llm
