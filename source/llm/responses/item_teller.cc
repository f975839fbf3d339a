#include "source/llm/responses/item_teller.h"

#include <algorithm>
#include <utility>

#include "source/base/status.h"
#include "source/json/valid.h"
#include "source/llm/responses/proof.h"

namespace omni::llm::responses {
namespace {

using json::Kind;
using json::Skimmed;

// No answer has as many; it must not make us keep more.
constexpr size_t kMaxItems = 65536;

bool is_empty_row(const Skimmed& row) {
  return row.raw.find_first_not_of(" \t\r\n", 1) == row.raw.size() - 1;
}

}  // namespace

struct ItemTeller::Members {
  Text type, call_id, name, arguments, input, encrypted_content, result;
  std::optional<Skimmed> content, summary;

  bool is_call() const { return type.is("function_call") || is_custom(); }
  bool is_custom() const { return type.is("custom_tool_call"); }
};

absl::Status ItemTeller::find(int64_t index, Item*& out) {
  out = &items_[index];
  return items_.size() <= kMaxItems ? absl::OkStatus() : invalid("too many output items");
}

absl::Status ItemTeller::read(const Skimmed& value, Members& out) {
  return each(value, [&](const Skimmed& member) -> absl::Status {
    const std::string_view key = member.key;
    if (key == "type") return take_text(member, out.type);
    if (key == "call_id") return take_text(member, out.call_id);
    if (key == "name") return take_text(member, out.name);
    if (key == "arguments") return take_text(member, out.arguments);
    if (key == "input") return take_text(member, out.input);
    if (key == "encrypted_content") return take_text(member, out.encrypted_content);
    if (key == "result") return take_text(member, out.result);
    if (key == "content" && member.kind == Kind::kArray) out.content = member;
    if (key == "summary" && member.kind == Kind::kArray) out.summary = member;
    return absl::OkStatus();
  });
}

absl::Status ItemTeller::text(const Piece& piece, PartKind kind, Emit emit) {
  Item* item = nullptr;
  OMNI_RETURN_IF_ERROR(find(piece.index, item));
  if (piece.text.is_empty() || (piece.is_full && piece.part <= item->told_part))
    return absl::OkStatus();
  has_told_ = true;
  const bool is_new = piece.part > item->told_part || open_item_ != piece.index;
  if (is_new) OMNI_RETURN_IF_ERROR(tracker_.begin(0, kind, emit));
  open_item_ = piece.index;
  item->told_part = std::max(item->told_part, piece.part);
  return tracker_.text(0, kind, piece.text, emit);
}

absl::Status ItemTeller::thought(const Piece& piece, bool is_summary, Emit emit) {
  Item* item = nullptr;
  OMNI_RETURN_IF_ERROR(find(piece.index, item));
  const bool has_begun = item->told_part >= 0;
  if (piece.text.is_empty() || (has_begun && item->has_summary != is_summary) ||
      (piece.is_full && piece.part <= item->told_part))
    return absl::OkStatus();
  has_told_ = true;
  item->has_summary = is_summary;
  if (!has_begun || open_item_ != piece.index) {
    OMNI_RETURN_IF_ERROR(tracker_.begin(0, PartKind::kReasoning, emit));
  } else if (piece.part > item->told_part) {
    OMNI_RETURN_IF_ERROR(tracker_.text(0, PartKind::kReasoning, Text("\\n\\n"), emit));
  }
  open_item_ = piece.index;
  item->told_part = std::max(item->told_part, piece.part);
  return tracker_.text(0, PartKind::kReasoning, piece.text, emit);
}

absl::Status ItemTeller::arguments(const Piece& piece, bool is_custom, Emit emit) {
  Item* item = nullptr;
  OMNI_RETURN_IF_ERROR(find(piece.index, item));
  if (piece.text.is_empty() || (piece.is_full && item->told_part >= 0)) return absl::OkStatus();
  has_told_ = true;
  item->told_part = 0;
  open_item_ = piece.index;
  return tracker_.tool_call(0, {.key = piece.index, .fragment = piece.text, .is_custom = is_custom},
                            emit);
}

absl::Status ItemTeller::citation(int64_t index, const Skimmed& value, Emit emit) {
  Item* item = nullptr;
  OMNI_RETURN_IF_ERROR(find(index, item));
  if (!json::is_valid(value.raw)) return invalid("an annotation is malformed");
  item->has_citations = true;
  Event note;
  note.kind = Event::Kind::kCitations;
  note.origin = Dialect::kOpenaiResponses;
  note.raw = value.raw;
  return tracker_.note(0, PartKind::kText, note, emit);
}

// In the form of Chat Completions, whose entries are the same.
absl::Status ItemTeller::logprobs(const Skimmed& row, Emit emit) {
  if (is_empty_row(row)) return absl::OkStatus();
  if (!json::is_valid(row.raw)) return invalid("logprobs are malformed");
  scratch_ = R"({"content":)";
  scratch_ += row.raw;
  scratch_ += R"(,"refusal":null})";
  Event note;
  note.kind = Event::Kind::kLogprobs;
  note.raw = scratch_;
  return tracker_.note(0, PartKind::kText, note, emit);
}

absl::Status ItemTeller::call(int64_t index, const Members& item, Text fragment, Emit emit) {
  has_told_ = true;
  open_item_ = index;
  return tracker_.tool_call(0,
                            {.key = index,
                             .id = item.call_id,
                             .name = item.name,
                             .fragment = fragment,
                             .is_custom = item.is_custom()},
                            emit);
}

absl::Status ItemTeller::begin(int64_t index, const Skimmed& value, Emit emit) {
  Item* item = nullptr;
  OMNI_RETURN_IF_ERROR(find(index, item));
  Members said;
  OMNI_RETURN_IF_ERROR(read(value, said));
  if (!said.is_call() || item->told_part >= 0) return absl::OkStatus();
  const Text fragment = said.is_custom() ? said.input : said.arguments;
  if (!fragment.is_empty()) item->told_part = 0;
  return call(index, said, fragment, emit);
}

absl::Status ItemTeller::end(int64_t index, const Skimmed& value, Emit emit) {
  Item* item = nullptr;
  OMNI_RETURN_IF_ERROR(find(index, item));
  if (std::exchange(item->is_done, true)) return absl::OkStatus();
  Members said;
  OMNI_RETURN_IF_ERROR(read(value, said));
  if (said.type.is("message")) {
    if (said.content) OMNI_RETURN_IF_ERROR(end_message(index, *item, *said.content, emit));
  } else if (said.type.is("reasoning")) {
    OMNI_RETURN_IF_ERROR(end_reasoning(index, *item, said, emit));
  } else if (said.is_call()) {
    OMNI_RETURN_IF_ERROR(end_call(index, *item, said, emit));
  } else {
    // What began as something else is broken, and was told.
    const bool is_hosted = said.type.is_given() && item->told_part < 0;
    return is_hosted ? end_hosted(said, value, emit) : absl::OkStatus();
  }
  if (open_item_ == index) tracker_.end_part(0, emit);
  return absl::OkStatus();
}

absl::Status ItemTeller::end_call(int64_t index, const Item& item, const Members& said, Emit emit) {
  Text fragment;
  if (item.told_part < 0) fragment = said.is_custom() ? said.input : said.arguments;
  // No arguments at all are an empty object.
  if (item.told_part < 0 && fragment.is_empty() && !said.is_custom()) fragment = Text("{}");
  const int64_t open = open_item_;
  OMNI_RETURN_IF_ERROR(call(index, said, fragment, emit));
  if (item.told_part >= 0) open_item_ = open;
  return absl::OkStatus();
}

absl::Status ItemTeller::end_message(int64_t index, Item& item, const Skimmed& content, Emit emit) {
  int64_t part = 0;
  return each(content,
              [&](const Skimmed& value) { return end_part(index, item, part++, value, emit); });
}

absl::Status ItemTeller::end_part(int64_t index, Item& item, int64_t part, const Skimmed& value,
                                  Emit emit) {
  Text type, said;
  std::optional<Skimmed> annotations, probabilities;
  OMNI_RETURN_IF_ERROR(each(value, [&](const Skimmed& member) -> absl::Status {
    if (member.key == "type") return take_text(member, type);
    if (member.key == "text" || member.key == "refusal") return take_text(member, said);
    if (member.key == "annotations" && member.kind == Kind::kArray) annotations = member;
    if (member.key == "logprobs" && member.kind == Kind::kArray) probabilities = member;
    return absl::OkStatus();
  }));
  const bool is_late = part > item.told_part;
  const PartKind kind = type.is("refusal") ? PartKind::kRefusal : PartKind::kText;
  OMNI_RETURN_IF_ERROR(text({index, part, said, true}, kind, emit));
  if (kind == PartKind::kRefusal || said.is_empty()) return absl::OkStatus();
  if (is_late && probabilities) OMNI_RETURN_IF_ERROR(logprobs(*probabilities, emit));
  if (!annotations || open_item_ != index || part != item.told_part ||
      (item.has_citations && !is_late))
    return absl::OkStatus();
  return each(*annotations, [&](const Skimmed& one) { return citation(index, one, emit); });
}

absl::Status ItemTeller::thoughts(int64_t index, const Skimmed& row, bool is_summary, Emit emit) {
  int64_t part = 0;
  return each(row, [&](const Skimmed& value) {
    Text said;
    OMNI_RETURN_IF_ERROR(each(value, [&](const Skimmed& member) {
      return member.key == "text" ? take_text(member, said) : absl::OkStatus();
    }));
    return thought({index, part++, said, true}, is_summary, emit);
  });
}

absl::Status ItemTeller::end_reasoning(int64_t index, const Item& item, const Members& said,
                                       Emit emit) {
  if (said.summary) OMNI_RETURN_IF_ERROR(thoughts(index, *said.summary, true, emit));
  if (said.content) OMNI_RETURN_IF_ERROR(thoughts(index, *said.content, false, emit));
  if (said.encrypted_content.is_empty()) return absl::OkStatus();
  // A thought that is nothing but its proof is a part of its own.
  if (item.told_part < 0 || open_item_ != index)
    OMNI_RETURN_IF_ERROR(tracker_.begin(0, PartKind::kReasoning, emit));
  open_item_ = index;
  has_told_ = true;
  const Proof proof = read_proof(said.encrypted_content);
  Event note;
  note.kind = Event::Kind::kSignature;
  (proof.of == Proof::Of::kRedacted ? note.redacted : note.signature) = proof.signature;
  return tracker_.note(0, PartKind::kReasoning, note, emit);
}

absl::Status ItemTeller::end_hosted(const Members& said, const Skimmed& whole, Emit emit) {
  if (!json::is_valid(whole.raw)) return invalid("an output item is malformed");
  has_told_ = true;
  open_item_ = -1;
  Event part;
  part.origin = Dialect::kOpenaiResponses;
  part.raw = whole.raw;
  part.part_kind = PartKind::kOpaque;
  Media media;
  if (said.type.is("image_generation_call") && !said.result.is_empty()) {
    media.data = said.result;
    media.media_type = Text("image/png");
    part.part_kind = PartKind::kImage;
    part.media = &media;
  }
  return tracker_.whole(0, part, emit);
}

}  // namespace omni::llm::responses
