#include "source/llm/anthropic/answer_decoder.h"

#include <algorithm>

#include "source/base/status.h"
#include "source/buffer/buffer.h"
#include "source/json/each.h"
#include "source/json/valid.h"
#include "source/llm/signature.h"
#include "source/llm/stated_cost.h"

namespace omni::llm::anthropic {
namespace {

using json::each;
using json::Kind;
using json::Skimmed;

StopReason stop_of(std::string_view word) {
  if (word == "max_tokens" || word == "model_context_window_exceeded") return StopReason::kLength;
  if (word == "tool_use") return StopReason::kToolCalls;
  if (word == "stop_sequence") return StopReason::kStopSequence;
  if (word == "refusal") return StopReason::kRefusal;
  if (word == "pause_turn") return StopReason::kPaused;
  return StopReason::kEnd;
}

}  // namespace

// The members of a message, which may stand in any order.
struct MessagesDecoder::Message {
  Event started;
  std::optional<Skimmed> content, error;
  bool is_message = false;
};

absl::Status MessagesDecoder::event(const sse::Event& event, Emit emit) {
  if (!event.has_data || is_over_) return absl::OkStatus();
  std::string_view type;
  int64_t index = 0;
  std::optional<Skimmed> message, block, delta, error;
  json::Skimmer skimmer(event.data, Kind::kObject);
  Skimmed value;
  while (skimmer.next(value)) {
    const std::string_view key = value.key;
    if (key == "type" && value.kind == Kind::kString) type = value.inside();
    if (key == "index" && value.kind == Kind::kNumber) index = value.integer().value_or(0);
    if (value.kind != Kind::kObject) continue;
    if (key == "message") message = value;
    if (key == "content_block") block = value;
    if (key == "delta") delta = value;
    if (key == "error") error = value;
    if (key == "usage") OMNI_RETURN_IF_ERROR(read_usage(value));
  }
  OMNI_RETURN_IF_ERROR(skimmer.status());
  if (type == "content_block_delta" && delta) return block_delta(index, *delta, emit);
  if (type == "content_block_start" && block) return block_start(index, *block, emit);
  if (type == "content_block_stop") return block_stop(index, emit);
  if (type == "message_start" && message) return message_start(*message, emit);
  if (type == "message_delta" && delta) {
    OMNI_RETURN_IF_ERROR(message_delta(*delta));
    tell_usage(emit);
    return absl::OkStatus();
  }
  if (type == "message_stop") {
    OMNI_RETURN_IF_ERROR(stop(emit));
    done(emit);
    return absl::OkStatus();
  }
  if (type != "error" && !error) return absl::OkStatus();
  is_over_ = true;
  const Error said = parse_error(502, event.data);
  Event failed;
  failed.kind = Event::Kind::kFailed;
  failed.error = &said;
  emit(failed);
  return absl::OkStatus();
}

absl::Status MessagesDecoder::read_message(json::Skimmer& from, Message& out) {
  out.started.kind = Event::Kind::kStarted;
  return each(from, [&](const Skimmed& member) -> absl::Status {
    const std::string_view key = member.key;
    if (key == "id") return take_text(member, out.started.id);
    if (key == "model") return take_text(member, out.started.model);
    if (key == "content" && member.kind == Kind::kArray) out.content = member;
    if (key == "error" && member.kind != Kind::kNull) out.error = member;
    if (key == "usage" && member.kind == Kind::kObject) return read_usage(member);
    if (key == "stop_reason" && member.kind == Kind::kString) {
      has_reason_ = true;
      reason_ = stop_of(member.inside());
    }
    if (key == "stop_sequence" && member.kind == Kind::kString) stop_sequence_ = member.inside();
    return absl::OkStatus();
  });
}

absl::Status MessagesDecoder::message_start(const Skimmed& message, Emit emit) {
  Message said;
  json::Skimmer members(message);
  OMNI_RETURN_IF_ERROR(read_message(members, said));
  has_reason_ = false;
  tell_usage(emit);
  tracker_.start(said.started, emit);
  return absl::OkStatus();
}

absl::Status MessagesDecoder::whole(std::string_view body, Emit emit) {
  Message said;
  json::Skimmer members(body, Kind::kObject);
  OMNI_RETURN_IF_ERROR(read_message(members, said));
  if (!said.content)
    return failed(said.error ? "the answer is an error object" : "the answer has no content");
  tell_usage(emit);
  tracker_.start(said.started, emit);
  OMNI_RETURN_IF_ERROR(blocks(*said.content, emit));
  if (!has_reason_) return failed("the answer has no stop_reason");
  OMNI_RETURN_IF_ERROR(stop(emit));
  done(emit);
  return absl::OkStatus();
}

absl::Status MessagesDecoder::blocks(const Skimmed& content, Emit emit) {
  int64_t index = 0;
  return each(content, [&](const Skimmed& item) -> absl::Status {
    if (item.kind != Kind::kObject) return absl::OkStatus();
    OMNI_RETURN_IF_ERROR(block_start(index, item, emit));
    return block_stop(index++, emit);
  });
}

MessagesDecoder::Block* MessagesDecoder::find_block(int64_t index) {
  const auto at = std::find_if(blocks_.begin(), blocks_.end(),
                               [index](const Block& block) { return block.index == index; });
  return at == blocks_.end() ? nullptr : &*at;
}

absl::Status MessagesDecoder::signature(bool is_redacted, Text value, Emit emit) {
  Event note;
  note.kind = Event::Kind::kSignature;
  (is_redacted ? note.redacted : note.signature) = signature_in(Dialect::kAnthropic, value);
  return tracker_.note(0, PartKind::kReasoning, note, emit);
}

absl::Status MessagesDecoder::block_start(int64_t index, const Skimmed& value, Emit emit) {
  std::string_view type;
  Text text, proof, data, id, name;
  std::string_view input;
  OMNI_RETURN_IF_ERROR(each(value, [&](const Skimmed& member) -> absl::Status {
    const std::string_view key = member.key;
    if (key == "type" && member.kind == Kind::kString) type = member.inside();
    if (key == "text" || key == "thinking") return take_text(member, text);
    if (key == "signature") return take_text(member, proof);
    if (key == "data") return take_text(member, data);
    if (key == "id") return take_text(member, id);
    if (key == "name") return take_text(member, name);
    if (key == "input" && member.kind == Kind::kObject) input = member.raw;
    return absl::OkStatus();
  }));
  std::erase_if(blocks_, [index](const Block& block) { return block.index == index; });
  if (blocks_.size() >= kMaxOpenBlocks) return invalid("too many open blocks");
  Block& made = blocks_.emplace_back(Block{.index = index});
  if (type == "tool_use") {
    made.kind = Block::Kind::kTool;
    made.input = input;
    PartTracker::ToolCall call{.key = index, .id = id, .name = name};
    return tracker_.tool_call(0, call, emit);
  }
  const bool is_redacted = type == "redacted_thinking";
  if (type != "text" && type != "thinking" && !is_redacted) return absl::OkStatus();
  made.kind = type == "text" ? Block::Kind::kText : Block::Kind::kThinking;
  const PartKind kind = type == "text" ? PartKind::kText : PartKind::kReasoning;
  OMNI_RETURN_IF_ERROR(tracker_.begin(0, kind, emit));
  if (!text.is_empty()) OMNI_RETURN_IF_ERROR(tracker_.text(0, kind, text, emit));
  if (is_redacted) return signature(true, data, emit);
  return proof.is_empty() ? absl::OkStatus() : signature(false, proof, emit);
}

absl::Status MessagesDecoder::block_delta(int64_t index, const Skimmed& value, Emit emit) {
  std::string_view type;
  Text text, fragment, proof;
  RawJson citation;
  OMNI_RETURN_IF_ERROR(each(value, [&](const Skimmed& member) -> absl::Status {
    const std::string_view key = member.key;
    if (key == "type" && member.kind == Kind::kString) type = member.inside();
    if (key == "text" || key == "thinking") return take_text(member, text);
    if (key == "partial_json") return take_text(member, fragment);
    if (key == "signature") return take_text(member, proof);
    if (key == "citation") citation = member.raw;
    return absl::OkStatus();
  }));
  if (type == "text_delta") return tracker_.text(0, PartKind::kText, text, emit);
  if (type == "thinking_delta") return tracker_.text(0, PartKind::kReasoning, text, emit);
  if (type == "signature_delta") return signature(false, proof, emit);
  if (type == "input_json_delta") {
    Block* open = find_block(index);
    if (open == nullptr || open->kind != Block::Kind::kTool || fragment.is_empty())
      return absl::OkStatus();
    open->has_fragments = true;
    return tracker_.tool_call(0, {.key = index, .fragment = fragment}, emit);
  }
  if (type != "citations_delta" || !json::is_valid(citation)) return absl::OkStatus();
  Event note;
  note.kind = Event::Kind::kCitations;
  note.origin = Dialect::kAnthropic;
  note.raw = citation;
  return tracker_.note(0, PartKind::kText, note, emit);
}

absl::Status MessagesDecoder::block_stop(int64_t index, Emit emit) {
  const Block* open = find_block(index);
  if (open == nullptr) return absl::OkStatus();
  const bool is_ours = open->kind != Block::Kind::kOther;
  if (open->kind == Block::Kind::kTool && !open->has_fragments) {
    // Servers that send the arguments whole put them where the vendor writes {}.
    std::string escaped;
    append_escaped(escaped, open->input.empty() ? "{}" : std::string_view(open->input));
    OMNI_RETURN_IF_ERROR(tracker_.tool_call(0, {.key = index, .fragment = Text(escaped)}, emit));
  }
  std::erase_if(blocks_, [index](const Block& block) { return block.index == index; });
  if (is_ours) tracker_.end_part(0, emit);
  return absl::OkStatus();
}

absl::Status MessagesDecoder::message_delta(const Skimmed& value) {
  return each(value, [&](const Skimmed& member) -> absl::Status {
    if (member.kind != Kind::kString) return absl::OkStatus();
    if (member.key == "stop_sequence") stop_sequence_ = member.inside();
    if (member.key != "stop_reason") return absl::OkStatus();
    has_reason_ = true;
    reason_ = stop_of(member.inside());
    return absl::OkStatus();
  });
}

absl::Status MessagesDecoder::stop(Emit emit) {
  return tracker_.stop(0, reason_, stop_sequence_.empty() ? Text() : Text(stop_sequence_), emit);
}

// Counts come at the begin and again, grown, at the end; a zero there takes nothing back.
absl::Status MessagesDecoder::read_usage(const Skimmed& value) {
  const auto count = [](const Skimmed& member, int64_t& out) {
    if (member.kind == Kind::kNumber) out = std::max(out, member.integer().value_or(out));
  };
  OMNI_RETURN_IF_ERROR(each(value, [&](const Skimmed& member) -> absl::Status {
    const std::string_view key = member.key;
    if (key == "input_tokens") count(member, uncached_);
    if (key == "output_tokens") count(member, usage_.output);
    if (key == "cache_read_input_tokens") count(member, usage_.cached);
    if (key == "cache_creation_input_tokens") count(member, usage_.cache_write);
    if (key == "service_tier") take_tier(member, usage_);
    const bool has_parts = key == "cache_creation" || key == "output_tokens_details";
    if (!has_parts || member.kind != Kind::kObject) return absl::OkStatus();
    return each(member, [&](const Skimmed& inner) {
      if (inner.key == "ephemeral_1h_input_tokens") count(inner, usage_.cache_write_1h);
      if (inner.key == "thinking_tokens") count(inner, usage_.reasoning);
      return absl::OkStatus();
    });
  }));
  if (uncached_ >= 0)
    usage_.input =
        uncached_ + std::max<int64_t>(0, usage_.cached) + std::max<int64_t>(0, usage_.cache_write);
  return absl::OkStatus();
}

void MessagesDecoder::tell_usage(Emit emit) {
  if (!usage_.is_known()) return;
  Event event;
  event.kind = Event::Kind::kUsage;
  event.usage = &usage_;
  emit(event);
}

void MessagesDecoder::done(Emit emit) {
  is_over_ = true;
  Event event;
  event.kind = Event::Kind::kDone;
  emit(event);
}

void MessagesDecoder::finish(Emit) {}

}  // namespace omni::llm::anthropic
