#include "source/llm/openai/answer_decoder.h"

#include <algorithm>

#include "source/base/status.h"
#include "source/buffer/buffer.h"
#include "source/json/each.h"
#include "source/json/valid.h"
#include "source/llm/openai/answer.h"
#include "source/llm/signature.h"
#include "source/llm/stated_cost.h"

namespace omni::llm::openai {
namespace {

using json::each;
using json::Kind;
using json::Skimmed;

StopReason stop_of(std::string_view word) {
  if (word == "length") return StopReason::kLength;
  if (word == "tool_calls" || word == "function_call") return StopReason::kToolCalls;
  if (word == "content_filter") return StopReason::kFiltered;
  return StopReason::kEnd;
}

}  // namespace

// The members of one chunk or answer, which may stand in any order.
struct ChatDecoder::Chunk {
  Event started;
  std::optional<Skimmed> choices, error;
  bool has_usage = false;
};

absl::Status ChatDecoder::read(std::string_view data, Chunk& chunk) {
  chunk.started.kind = Event::Kind::kStarted;
  json::Skimmer skimmer(data, Kind::kObject);
  Skimmed value;
  while (skimmer.next(value)) {
    if (value.key == "choices" && value.kind == Kind::kArray) {
      chunk.choices = value;
    } else if (value.key == "id" && value.kind == Kind::kString) {
      OMNI_RETURN_IF_ERROR(Text::of(value, chunk.started.id));
    } else if (value.key == "model" && value.kind == Kind::kString) {
      OMNI_RETURN_IF_ERROR(Text::of(value, chunk.started.model));
    } else if (value.key == "created" && value.kind == Kind::kNumber) {
      chunk.started.created_at = value.integer().value_or(0);
    } else if (value.key == "usage" && value.kind == Kind::kObject) {
      chunk.has_usage = true;
      OMNI_RETURN_IF_ERROR(read_usage(value, usage_));
    } else if (value.key == "service_tier") {
      take_tier(value, usage_);
    } else if (value.key == "error" && value.kind != Kind::kNull) {
      chunk.error = value;
    }
  }
  return skimmer.status();
}

absl::Status ChatDecoder::event(const sse::Event& event, Emit emit) {
  if (!event.has_data || is_over_) return absl::OkStatus();
  if (event.data == "[DONE]") {
    // Choices that never gave a reason end here all the same, and so does an answer without any.
    for (int i = 0; i < std::max(1, tracker_.choices()); ++i) note_finish(i, StopReason::kEnd);
    OMNI_RETURN_IF_ERROR(stop_all(emit));
    done(emit);
    return absl::OkStatus();
  }
  Chunk chunk;
  OMNI_RETURN_IF_ERROR(read(event.data, chunk));
  if (chunk.error && !chunk.choices) {
    is_over_ = true;
    const Error error = parse_error(502, event.data);
    Event failed;
    failed.kind = Event::Kind::kFailed;
    failed.error = &error;
    emit(failed);
    return absl::OkStatus();
  }
  return tell(chunk, emit);
}

absl::Status ChatDecoder::tell(const Chunk& chunk, Emit emit) {
  if (chunk.choices) {
    tracker_.start(chunk.started, emit);
    OMNI_RETURN_IF_ERROR(
        each(*chunk.choices, [&](const Skimmed& value) { return choice(value, emit); }));
  }
  if (!chunk.has_usage) return absl::OkStatus();
  Event usage;
  usage.kind = Event::Kind::kUsage;
  usage.usage = &usage_;
  emit(usage);
  return absl::OkStatus();
}

absl::Status ChatDecoder::whole(std::string_view body, Emit emit) {
  is_whole_ = true;
  Chunk chunk;
  OMNI_RETURN_IF_ERROR(read(body, chunk));
  if (!chunk.choices)
    return failed(chunk.error ? "the answer is an error object" : "the answer has no choices");
  OMNI_RETURN_IF_ERROR(tell(chunk, emit));
  OMNI_RETURN_IF_ERROR(stop_all(emit));
  if (!tracker_.is_stopped(1)) return failed("the answer has no finish_reason");
  done(emit);
  return absl::OkStatus();
}

absl::Status ChatDecoder::choice(const Skimmed& value, Emit emit) {
  if (value.kind != Kind::kObject) return absl::OkStatus();
  int64_t index = 0;
  std::optional<Skimmed> said, finish, logprobs;
  OMNI_RETURN_IF_ERROR(each(value, [&](const Skimmed& member) {
    if (member.key == "index" && member.kind == Kind::kNumber) {
      index = std::max<int64_t>(0, member.integer().value_or(0));
    } else if ((member.key == "delta" || member.key == "message") && member.kind == Kind::kObject) {
      said = member;
    } else if (member.key == "finish_reason" && member.kind == Kind::kString) {
      finish = member;
    } else if (member.key == "logprobs" && member.kind == Kind::kObject) {
      logprobs = member;
    }
    return absl::OkStatus();
  }));
  const int choice = static_cast<int>(std::min<int64_t>(index, 1024));
  if (said) OMNI_RETURN_IF_ERROR(delta(choice, *said, emit));
  if (logprobs && json::is_valid(logprobs->raw)) {
    Event note;
    note.kind = Event::Kind::kLogprobs;
    note.raw = logprobs->raw;
    OMNI_RETURN_IF_ERROR(tracker_.note(choice, PartKind::kText, note, emit));
  }
  if (finish) note_finish(choice, stop_of(finish->inside()));
  return absl::OkStatus();
}

// Thoughts come before the text that they led to, and calls behind both, whatever the members'
// order.
absl::Status ChatDecoder::delta(int choice, const Skimmed& value, Emit emit) {
  std::optional<Skimmed> reasoning, details, content_said, refusal, calls, old_call;
  OMNI_RETURN_IF_ERROR(each(value, [&](const Skimmed& member) {
    const std::string_view key = member.key;
    if (key == "content") {
      content_said = member;
    } else if (key == "reasoning_content" || (key == "reasoning" && !reasoning)) {
      reasoning = member;
    } else if (key == "reasoning_details" && member.kind == Kind::kArray) {
      details = member;
    } else if (key == "refusal") {
      refusal = member;
    } else if (key == "tool_calls" && member.kind == Kind::kArray) {
      calls = member;
    } else if (key == "function_call" && member.kind == Kind::kObject) {
      old_call = member;
    }
    return absl::OkStatus();
  }));
  if (reasoning) OMNI_RETURN_IF_ERROR(text(choice, PartKind::kReasoning, *reasoning, emit));
  // Of the details only what the plain text lacks: they repeat it.
  if (details)
    OMNI_RETURN_IF_ERROR(
        each(*details, [&](const Skimmed& item) { return thought(choice, item, emit); }));
  if (content_said) OMNI_RETURN_IF_ERROR(content(choice, *content_said, emit));
  if (refusal) OMNI_RETURN_IF_ERROR(text(choice, PartKind::kRefusal, *refusal, emit));
  if (calls) OMNI_RETURN_IF_ERROR(tool_calls(choice, *calls, emit));
  return old_call ? tool_call(choice, *old_call, 0, emit) : absl::OkStatus();
}

absl::Status ChatDecoder::text(int choice, PartKind kind, const Skimmed& value, Emit emit) {
  if (value.kind != Kind::kString || value.raw.size() <= 2) return absl::OkStatus();
  Text delta;
  OMNI_RETURN_IF_ERROR(Text::of(value, delta));
  return tracker_.text(choice, kind, delta, emit);
}

// A string, or by some servers a row of {type: text | thinking}.
absl::Status ChatDecoder::content(int choice, const Skimmed& value, Emit emit) {
  if (value.kind != Kind::kArray) return text(choice, PartKind::kText, value, emit);
  return each(value, [&](const Skimmed& item) { return content_item(choice, item, emit); });
}

absl::Status ChatDecoder::content_item(int choice, const Skimmed& value, Emit emit) {
  if (value.kind != Kind::kObject) return absl::OkStatus();
  return each(value, [&](const Skimmed& member) -> absl::Status {
    if (member.key == "text") return text(choice, PartKind::kText, member, emit);
    if (member.key != "thinking") return absl::OkStatus();
    if (member.kind == Kind::kString) return text(choice, PartKind::kReasoning, member, emit);
    if (member.kind != Kind::kArray) return absl::OkStatus();
    return each(member, [&](const Skimmed& item) -> absl::Status {
      if (item.kind != Kind::kObject) return absl::OkStatus();
      return each(item, [&](const Skimmed& inner) {
        return inner.key == "text" ? text(choice, PartKind::kReasoning, inner, emit)
                                   : absl::OkStatus();
      });
    });
  });
}

absl::Status ChatDecoder::thought(int choice, const Skimmed& value, Emit emit) {
  if (value.kind != Kind::kObject) return absl::OkStatus();
  return each(value, [&](const Skimmed& member) -> absl::Status {
    const bool is_signature = member.key == "signature", is_data = member.key == "data";
    if ((!is_signature && !is_data) || member.kind != Kind::kString) return absl::OkStatus();
    Text proof;
    OMNI_RETURN_IF_ERROR(Text::of(member, proof));
    Event note;
    note.kind = Event::Kind::kSignature;
    (is_signature ? note.signature : note.redacted) = signature_in(Dialect::kAnthropic, proof);
    return tracker_.note(choice, PartKind::kReasoning, note, emit);
  });
}

// {"google": {"thought_signature": ...}}: Gemini behind its own server of this dialect.
absl::Status ChatDecoder::thought_signature(const Skimmed& value, Signature& out) {
  if (value.kind != Kind::kObject) return absl::OkStatus();
  return each(value, [&](const Skimmed& vendor) -> absl::Status {
    if (vendor.key != "google" || vendor.kind != Kind::kObject) return absl::OkStatus();
    return each(vendor, [&](const Skimmed& member) -> absl::Status {
      Text proof;
      if (member.key != "thought_signature") return absl::OkStatus();
      OMNI_RETURN_IF_ERROR(take_text(member, proof));
      if (!proof.is_empty()) out = signature_in(Dialect::kGemini, proof);
      return absl::OkStatus();
    });
  });
}

absl::Status ChatDecoder::tool_calls(int choice, const Skimmed& value, Emit emit) {
  int position = 0;
  return each(value, [&](const Skimmed& item) {
    if (item.kind != Kind::kObject) return absl::OkStatus();
    return tool_call(choice, item, position++, emit);
  });
}

absl::Status ChatDecoder::tool_call(int choice, const Skimmed& value, int position, Emit emit) {
  PartTracker::ToolCall call;
  std::string written_out;
  bool has_index = false;
  const auto function = [&](const Skimmed& member) -> absl::Status {
    if (member.key == "name" && member.kind == Kind::kString) return Text::of(member, call.name);
    if (member.key != "arguments" && member.key != "input") return absl::OkStatus();
    if (member.kind == Kind::kString) return Text::of(member, call.fragment);
    if (member.kind != Kind::kObject) return absl::OkStatus();
    append_escaped(written_out, member.raw);
    call.fragment = Text(written_out);
    return absl::OkStatus();
  };
  OMNI_RETURN_IF_ERROR(each(value, [&](const Skimmed& member) -> absl::Status {
    if (member.key == "index" && member.kind == Kind::kNumber) {
      has_index = true;
      call.key = member.integer().value_or(-1);
    } else if (member.key == "id" && member.kind == Kind::kString) {
      return Text::of(member, call.id);
    } else if ((member.key == "function" || member.key == "custom") &&
               member.kind == Kind::kObject) {
      call.is_custom = member.key == "custom";
      return each(member, function);
    } else if (member.key == "extra_content") {
      return thought_signature(member, call.signature);
    }
    return function(member);
  }));
  // A message's calls are told apart by their place; a delta's that lacks its index by its id.
  if (!has_index && is_whole_) call.key = position;
  return tracker_.tool_call(choice, call, emit);
}

void ChatDecoder::note_finish(int choice, StopReason reason) {
  for (const Finish& known : finishes_)
    if (known.choice == choice) return;
  if (!tracker_.has_stopped(choice)) finishes_.push_back({choice, reason});
}

absl::Status ChatDecoder::stop_all(Emit emit) {
  for (const Finish& finish : finishes_)
    OMNI_RETURN_IF_ERROR(tracker_.stop(finish.choice, finish.reason, {}, emit));
  finishes_.clear();
  return absl::OkStatus();
}

void ChatDecoder::done(Emit emit) {
  is_over_ = true;
  Event event;
  event.kind = Event::Kind::kDone;
  emit(event);
}

void ChatDecoder::finish(Emit emit) {
  if (is_over_) return;
  if (!stop_all(emit).ok() || !tracker_.is_stopped(choices_)) return;
  done(emit);
}

}  // namespace omni::llm::openai
