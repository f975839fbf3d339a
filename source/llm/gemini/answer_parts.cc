#include "source/json/each.h"
#include "source/json/valid.h"
#include "source/llm/gemini/answer_decoder.h"
#include "source/llm/gemini/names.h"

namespace omni::llm::gemini {

using json::each;
using json::Kind;
using json::Skimmed;

// What one part says.
struct ContentDecoder::Said {
  bool is_thought = false, has_text = false, is_custom = false;
  Text text, signature, id, name;
  std::string arguments;  // Between quotes.
  std::optional<Skimmed> call, blob;
};

absl::Status ContentDecoder::content(int choice, const Skimmed& value, Emit emit) {
  return each(value, [&](const Skimmed& member) -> absl::Status {
    if (member.key != "parts" || member.kind != Kind::kArray) return absl::OkStatus();
    return each(member, [&](const Skimmed& item) { return part(choice, item, emit); });
  });
}

absl::Status ContentDecoder::part(int choice, const Skimmed& value, Emit emit) {
  if (value.kind != Kind::kObject) return absl::OkStatus();
  Said said;
  bool is_opaque = false;
  OMNI_RETURN_IF_ERROR(each(value, [&](const Skimmed& member) -> absl::Status {
    const std::string_view key = member.key;
    if (key == "text" && member.kind == Kind::kString) {
      said.has_text = true;
      return Text::of(member, said.text);
    }
    if (key == "thought") {
      said.is_thought = member.is_true();
    } else if (key == "thoughtSignature") {
      return take_text(member, said.signature);
    } else if (key == "functionCall" && member.kind == Kind::kObject) {
      said.call = member;
    } else if (key == "inlineData" && member.kind == Kind::kObject) {
      said.blob = member;
    } else {
      is_opaque |= member.kind == Kind::kObject;
    }
    return absl::OkStatus();
  }));
  if (said.call) return call(choice, said, emit);
  if (said.blob) return media(choice, said, emit);
  if (said.has_text || said.signature.is_given()) return text(choice, said, emit);
  return is_opaque ? opaque(choice, value, emit) : absl::OkStatus();
}

absl::Status ContentDecoder::signature(int choice, Text proof, bool is_own_part, Emit emit) {
  if (proof.is_empty()) return absl::OkStatus();
  if (is_own_part) OMNI_RETURN_IF_ERROR(tracker_.begin(choice, PartKind::kReasoning, emit));
  last_[static_cast<size_t>(choice)] = PartKind::kReasoning;
  Event note;
  note.kind = Event::Kind::kSignature;
  note.signature = {proof, Dialect::kGemini};
  return tracker_.note(choice, PartKind::kReasoning, note, emit);
}

absl::Status ContentDecoder::text(int choice, const Said& said, Emit emit) {
  PartKind& last = last_[static_cast<size_t>(choice)];
  if (said.is_thought) {
    if (!said.text.is_empty()) {
      last = PartKind::kReasoning;
      OMNI_RETURN_IF_ERROR(tracker_.text(choice, PartKind::kReasoning, said.text, emit));
    }
    return signature(choice, said.signature, false, emit);
  }
  OMNI_RETURN_IF_ERROR(signature(choice, said.signature, true, emit));
  if (said.text.is_empty()) return absl::OkStatus();
  last = PartKind::kText;
  return tracker_.text(choice, PartKind::kText, said.text, emit);
}

absl::Status ContentDecoder::call(int choice, const Said& from, Emit emit) {
  Said said = from;
  std::optional<Skimmed> args;
  OMNI_RETURN_IF_ERROR(each(*said.call, [&](const Skimmed& member) -> absl::Status {
    if (member.key == "id") return take_text(member, said.id);
    if (member.key == "name") return take_text(member, said.name);
    if (member.key == "args" && member.kind == Kind::kObject) args = member;
    return absl::OkStatus();
  }));
  said.name = names_.client_name(said.name);
  said.is_custom = custom_.contains(said.name.inside());
  if (args && !json::is_valid(args->raw)) return invalid("a function's arguments are broken");
  append_escaped(said.arguments, args ? args->raw : std::string_view("{}"));
  Text fragment(said.arguments);
  if (said.is_custom && args)
    OMNI_RETURN_IF_ERROR(each(*args, [&](const Skimmed& member) {
      return member.key == "input" ? take_text(member, fragment) : absl::OkStatus();
    }));
  last_[static_cast<size_t>(choice)] = PartKind::kToolCall;
  PartTracker::ToolCall told{.key = calls_++,
                             .id = said.id,
                             .name = said.name,
                             .fragment = fragment,
                             .is_custom = said.is_custom};
  if (!said.signature.is_empty()) told.signature = {said.signature, Dialect::kGemini};
  OMNI_RETURN_IF_ERROR(tracker_.tool_call(choice, told, emit));
  // It came whole.
  tracker_.end_part(choice, emit);
  return absl::OkStatus();
}

absl::Status ContentDecoder::media(int choice, const Said& said, Emit emit) {
  Media media;
  OMNI_RETURN_IF_ERROR(each(*said.blob, [&](const Skimmed& member) -> absl::Status {
    if (member.key == "mimeType") return take_text(member, media.media_type);
    return member.key == "data" ? take_text(member, media.data) : absl::OkStatus();
  }));
  if (!media.data.is_given()) return absl::OkStatus();
  OMNI_RETURN_IF_ERROR(signature(choice, said.signature, true, emit));
  Event part;
  part.part_kind = kind_of_type(media.media_type.inside());
  part.media = &media;
  last_[static_cast<size_t>(choice)] = part.part_kind;
  return tracker_.whole(choice, part, emit);
}

absl::Status ContentDecoder::opaque(int choice, const Skimmed& value, Emit emit) {
  if (!json::is_valid(value.raw)) return invalid("a part is no JSON");
  Event part;
  part.part_kind = PartKind::kOpaque;
  part.origin = Dialect::kGemini;
  part.raw = value.raw;
  last_[static_cast<size_t>(choice)] = part.part_kind;
  return tracker_.whole(choice, part, emit);
}

}  // namespace omni::llm::gemini
