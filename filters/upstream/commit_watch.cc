#include "filters/upstream/commit_watch.h"

#include "source/llm/error.h"

namespace omni::filters {

CommitWatch::CommitWatch(Dialect dialect, int choices, std::string_view id_seed,
                         size_t max_event_bytes, bool to_the_end) {
  if (dialect == Dialect::kOpenai && !to_the_end) {
    chat_.emplace(choices, max_event_bytes);
  } else {
    reader_ = std::make_unique<llm::AnswerReader>(
        dialect, llm::DecoderOptions{.id_seed = id_seed, .choices = choices}, max_event_bytes);
  }
}

CommitWatch::Verdict CommitWatch::look(const Buffer& bytes) {
  if (chat_) return look_at_chat(bytes);
  const absl::Status status = reader_->feed(bytes, [this](const llm::Event& event) { see(event); });
  if (has_error_) return Verdict::kError;
  if (is_good_) return Verdict::kGood;
  return status.ok() ? Verdict::kWait : Verdict::kBroken;
}

void CommitWatch::see(const llm::Event& event) {
  using Kind = llm::Event::Kind;
  switch (event.kind) {
    case Kind::kDelta:
    case Kind::kStopped:
    case Kind::kSignature:
      is_good_ = true;
      return;
    case Kind::kPartBegan:
      is_good_ |=
          event.part_kind != llm::PartKind::kText && event.part_kind != llm::PartKind::kReasoning;
      return;
    case Kind::kDone:
      is_done_ = true;
      return;
    case Kind::kFailed:
      has_error_ = true;
      error_ = *event.error;
      return;
    default:
      return;
  }
}

CommitWatch::Verdict CommitWatch::look_at_chat(const Buffer& bytes) {
  using Frame = llm::openai::StreamWatch::Frame;
  bool is_error = false, is_good = false;
  const bool fits = chat_->framer.look(bytes, [&](std::string_view frame) {
    const Frame found = chat_->stream.see(frame);
    is_error = found == Frame::kError;
    is_good |= found == Frame::kContent || found == Frame::kFinish;
    if (found == Frame::kContent && chat_->empty_frames == chat_->frames)
      chat_->frames_before_content = chat_->frames;
    ++chat_->frames;
    chat_->empty_frames += found == Frame::kEmpty ? 1 : 0;
    return !is_error && !is_good;
  });
  if (is_error) {
    error_ = llm::parse_error(502, chat_->stream.error());
    return Verdict::kError;
  }
  if (is_good) return Verdict::kGood;
  return fits ? Verdict::kWait : Verdict::kBroken;
}

bool CommitWatch::finish() {
  if (chat_) return chat_->stream.is_complete();
  return reader_->finish([this](const llm::Event& event) { see(event); }).ok() && is_done_ &&
         !has_error_;
}

void CommitWatch::report(Answer& answer) const {
  if (!chat_) return;
  answer.frames_before_content = chat_->frames_before_content;
  answer.usage = chat_->stream.usage();
}

absl::Status read_plain_answer(Dialect dialect, std::string_view body, llm::Usage& usage) {
  if (dialect == Dialect::kOpenai) return llm::openai::read_answer(body, usage);
  llm::AnswerReader reader(dialect, {}, body.size());
  return reader.whole(body, [&](const llm::Event& event) {
    if (event.kind == llm::Event::Kind::kUsage) usage = *event.usage;
  });
}

uint64_t text_bytes_of(Dialect dialect, std::string_view body) {
  uint64_t out = 0;
  llm::AnswerReader reader(dialect, {}, body.size());
  // What was understood of it is text that was written.
  (void)reader.whole(body, [&](const llm::Event& event) {
    if (event.kind == llm::Event::Kind::kDelta) out += event.text.inside().size();
  });
  return out;
}

}  // namespace omni::filters
