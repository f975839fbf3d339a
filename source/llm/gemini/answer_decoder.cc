#include "source/llm/gemini/answer_decoder.h"
#include "source/json/each.h"

#include <algorithm>

#include "source/base/status.h"
#include "source/buffer/buffer.h"
#include "source/json/valid.h"
#include "source/llm/gemini/error.h"
#include "source/llm/gemini/logprobs.h"
#include "source/llm/gemini/names.h"
#include "source/llm/gemini/usage.h"
#include "source/llm/logprobs.h"

namespace omni::llm::gemini {
namespace {

using json::each;
using json::Kind;
using json::Skimmed;

constexpr int64_t kMaxIndex = 1023;

}  // namespace

// The members of one response, which may stand in any order.
struct ContentDecoder::Chunk {
  Event started;
  std::optional<Skimmed> candidates;
  bool has_usage = false, has_error = false, is_blocked = false;
};

ContentDecoder::ContentDecoder(const DecoderOptions& options)
    : tracker_(options.id_seed), choices_(options.choices), names_(options.request, kGeminiNames) {
  if (options.request == nullptr) return;
  for (const Tool& tool : options.request->tools)
    if (tool.kind == Tool::Kind::kCustom) custom_.emplace(tool.name.inside());
}

absl::Status ContentDecoder::read(std::string_view data, Chunk& chunk) {
  chunk.started.kind = Event::Kind::kStarted;
  json::Skimmer skimmer(data, Kind::kObject);
  for (Skimmed value; skimmer.next(value);) {
    if (value.key == "candidates" && value.kind == Kind::kArray) {
      chunk.candidates = value;
    } else if (value.key == "responseId") {
      OMNI_RETURN_IF_ERROR(take_text(value, chunk.started.id));
    } else if (value.key == "modelVersion") {
      OMNI_RETURN_IF_ERROR(take_text(value, chunk.started.model));
    } else if (value.key == "usageMetadata" && value.kind == Kind::kObject) {
      chunk.has_usage = true;
      OMNI_RETURN_IF_ERROR(read_usage(value, usage_));
    } else if (value.key == "promptFeedback" && value.kind == Kind::kObject) {
      OMNI_RETURN_IF_ERROR(each(value, [&](const Skimmed& member) {
        chunk.is_blocked |= member.key == "blockReason" && member.kind == Kind::kString &&
                            member.inside() != "BLOCK_REASON_UNSPECIFIED";
        return absl::OkStatus();
      }));
    } else if (value.key == "error" && value.kind != Kind::kNull) {
      chunk.has_error = true;
    }
  }
  return skimmer.status();
}

absl::Status ContentDecoder::event(const sse::Event& event, Emit emit) {
  // Servers that speak several dialects end this one's streams as they do OpenAI's.
  if (!event.has_data || is_over_ || event.data == "[DONE]") return absl::OkStatus();
  Chunk chunk;
  OMNI_RETURN_IF_ERROR(read(event.data, chunk));
  if (chunk.has_error && !chunk.candidates) {
    fail(event.data, emit);
    return absl::OkStatus();
  }
  return tell(chunk, emit);
}

void ContentDecoder::fail(std::string_view data, Emit emit) {
  is_over_ = true;
  const Error error = parse_stream_error(data);
  Event failed;
  failed.kind = Event::Kind::kFailed;
  failed.error = &error;
  emit(failed);
}

absl::Status ContentDecoder::tell(const Chunk& chunk, Emit emit) {
  const bool is_empty = !chunk.candidates || chunk.candidates->raw == "[]";
  if (!is_empty || chunk.is_blocked) tracker_.start(chunk.started, emit);
  if (!is_empty)
    OMNI_RETURN_IF_ERROR(
        each(*chunk.candidates, [&](const Skimmed& value) { return candidate(value, emit); }));
  if (is_empty && chunk.is_blocked) {
    is_blocked_ = true;
    note_finish(0, StopReason::kFiltered);
  }
  if (!chunk.has_usage || !usage_.is_known()) return absl::OkStatus();
  Event usage;
  usage.kind = Event::Kind::kUsage;
  usage.usage = &usage_;
  emit(usage);
  return absl::OkStatus();
}

absl::Status ContentDecoder::whole(std::string_view body, Emit emit) {
  Chunk chunk;
  OMNI_RETURN_IF_ERROR(read(body, chunk));
  if (!chunk.candidates && !chunk.is_blocked)
    return failed(chunk.has_error ? "the answer is an error object"
                                  : "the answer has no candidates");
  OMNI_RETURN_IF_ERROR(tell(chunk, emit));
  if (finishes_.empty() || !is_complete()) return failed("the answer has no finishReason");
  OMNI_RETURN_IF_ERROR(stop_all(emit));
  done(emit);
  return absl::OkStatus();
}

absl::Status ContentDecoder::candidate(const Skimmed& value, Emit emit) {
  if (value.kind != Kind::kObject) return absl::OkStatus();
  int64_t index = 0;
  std::optional<Skimmed> said, finish, sources, probabilities;
  OMNI_RETURN_IF_ERROR(each(value, [&](const Skimmed& member) {
    if (member.key == "index" && member.kind == Kind::kNumber) {
      index = member.integer().value_or(0);
    } else if (member.key == "content" && member.kind == Kind::kObject) {
      said = member;
    } else if (member.key == "finishReason" && member.kind == Kind::kString) {
      finish = member;
    } else if (member.key == "groundingMetadata" && member.kind == Kind::kObject) {
      sources = member;
    } else if (member.key == "logprobsResult" && member.kind == Kind::kObject) {
      probabilities = member;
    }
    return absl::OkStatus();
  }));
  const int choice = static_cast<int>(std::clamp<int64_t>(index, 0, kMaxIndex));
  if (last_.size() <= static_cast<size_t>(choice))
    last_.resize(static_cast<size_t>(choice) + 1, PartKind::kOpaque);
  if (said) OMNI_RETURN_IF_ERROR(content(choice, *said, emit));
  if (probabilities) OMNI_RETURN_IF_ERROR(logprobs(choice, *probabilities, emit));
  if (sources) OMNI_RETURN_IF_ERROR(grounding(choice, sources->raw, emit));
  if (finish && finish->inside() != "FINISH_REASON_UNSPECIFIED")
    note_finish(choice, stop_of(finish->inside()));
  return absl::OkStatus();
}

// Belongs to the text that was told last; where none is open it would make an empty one.
absl::Status ContentDecoder::grounding(int choice, RawJson raw, Emit emit) {
  if (last_[static_cast<size_t>(choice)] != PartKind::kText || raw == "{}" || !json::is_valid(raw))
    return absl::OkStatus();
  Event note;
  note.kind = Event::Kind::kCitations;
  note.origin = Dialect::kGemini;
  note.raw = raw;
  return tracker_.note(choice, PartKind::kText, note, emit);
}

// Of the text that was told last, as above.
absl::Status ContentDecoder::logprobs(int choice, const Skimmed& result, Emit emit) {
  if (last_[static_cast<size_t>(choice)] != PartKind::kText || !json::is_valid(result.raw))
    return absl::OkStatus();
  std::string entries;
  OMNI_RETURN_IF_ERROR(read_logprobs(result, entries));
  if (entries.empty()) return absl::OkStatus();
  const std::string whole = logprobs_of(entries);
  Event note;
  note.kind = Event::Kind::kLogprobs;
  note.raw = whole;
  return tracker_.note(choice, PartKind::kText, note, emit);
}

// The last one counts: old models say STOP in every chunk.
void ContentDecoder::note_finish(int choice, StopReason reason) {
  for (Finish& known : finishes_)
    if (known.choice == choice) {
      known.reason = reason;
      return;
    }
  finishes_.push_back({choice, reason});
}

bool ContentDecoder::is_complete() const {
  if (is_blocked_) return true;
  const int begun = std::max(tracker_.choices(), static_cast<int>(last_.size()));
  return static_cast<int>(finishes_.size()) >= std::max(begun, 1);
}

absl::Status ContentDecoder::stop_all(Emit emit) {
  for (const Finish& finish : finishes_)
    OMNI_RETURN_IF_ERROR(tracker_.stop(finish.choice, finish.reason, {}, emit));
  finishes_.clear();
  return absl::OkStatus();
}

void ContentDecoder::done(Emit emit) {
  is_over_ = true;
  Event event;
  event.kind = Event::Kind::kDone;
  emit(event);
}

void ContentDecoder::finish(Emit emit) {
  const bool has_all = is_blocked_ || static_cast<int>(finishes_.size()) >= std::max(choices_, 1);
  if (is_over_ || !is_complete() || !has_all) return;
  if (stop_all(emit).ok()) done(emit);
}

}  // namespace omni::llm::gemini
