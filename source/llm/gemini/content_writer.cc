#include "source/llm/gemini/content_writer.h"

#include <fmt/format.h>

#include "source/json/valid.h"
#include "source/llm/gemini/names.h"
#include "source/llm/media.h"
#include "source/llm/tool_names.h"

namespace omni::llm::gemini {
namespace {

bool is_media(const Part& part) {
  return part.kind == PartKind::kImage || part.kind == PartKind::kAudio ||
         part.kind == PartKind::kFile;
}

bool is_own(const Part& part) { return !part.raw.empty() && part.origin == Dialect::kGemini; }

// A proof of which no thought can be read.
bool is_lone_proof(const Part& part) {
  return part.kind == PartKind::kReasoning && part.text.is_empty();
}

// What the vendor takes for a call that its model did not make, or whose client lost the signature
// (the FAQ of ai.google.dev/gemini-api/docs/thought-signatures).
constexpr std::string_view kNoProof = "skip_thought_signature_validator";

}  // namespace

// A model that signs every step's first call says nothing in front of it but that.
bool ContentWriter::takes_proof(const Part& part) const {
  if (part.signature.value.is_given() || is_own(part)) return false;
  if (part.kind == PartKind::kToolCall) return needs_proof_;
  return part.kind == PartKind::kImage || (part.kind == PartKind::kText && !part.text.is_empty());
}

void ContentWriter::begin_content(bool is_model) {
  if (is_open_ && is_model_ == is_model) return;
  end_content();
  json_.object().string("role", is_model ? "model" : "user").array("parts");
  is_open_ = has_written_ = true;
  has_call_ = false;
  is_model_ = is_model;
}

void ContentWriter::end_content() {
  if (!std::exchange(is_open_, false)) return;
  json_.end_array().end_object();
}

void ContentWriter::flush_media() {
  for (const Part* part : media_) media(*part);
  media_.clear();
}

void ContentWriter::finish() {
  flush_media();
  end_content();
}

void ContentWriter::write(const Message& message) {
  if (message.role != Role::kTool) flush_media();
  if (message.name.is_given()) dropped_.add("name");
  const bool is_model = message.role == Role::kAssistant;
  for (size_t i = 0; i < message.parts.size(); ++i) {
    const Part& next = message.parts[i];
    if (!next.cache_control.empty()) dropped_.add("cache_control");
    // What says nothing is refused by the vendor.
    const bool is_empty = (next.kind == PartKind::kText || next.kind == PartKind::kRefusal) &&
                          next.text.is_empty() && !is_own(next) &&
                          !next.signature.is_for(Dialect::kGemini);
    if (is_empty) continue;
    if (next.kind == PartKind::kOpaque && !is_own(next)) {
      dropped_.add(opaque_name(next));
      continue;
    }
    if (next.kind == PartKind::kReasoning) {
      reasoning(message.parts, i);
      continue;
    }
    begin_content(is_model);
    part(next);
  }
}

// A proof without text stands in front of the part that the vendor signed, since other dialects
// sign thoughts only; behind a text it is what ends a stream, an empty text of its own
// (ai.google.dev/gemini-api/docs/thought-signatures).
void ContentWriter::reasoning(const std::vector<Part>& parts, size_t at) {
  const Part& thought = parts[at];
  const bool is_signed = thought.signature.is_for(Dialect::kGemini);
  const bool has_foreign =
      thought.redacted.value.is_given() || (thought.signature.value.is_given() && !is_signed);
  if (has_foreign) dropped_.add("signature");
  if (is_own(thought)) {
    begin_content(true);
    json_.item(thought.raw);
    return;
  }
  if (is_lone_proof(thought)) {
    if (!is_signed) return;
    if (at + 1 < parts.size() && takes_proof(parts[at + 1])) {
      proof_ = &thought;
      return;
    }
  }
  begin_content(true);
  json_.object();
  if (!thought.text.is_empty()) json_.boolean("thought", true);
  json_.text("text", thought.text.inside());
  if (is_signed) json_.text("thoughtSignature", thought.signature.value.inside());
  json_.end_object();
}

void ContentWriter::part(const Part& part) {
  const Part* const proof = std::exchange(proof_, nullptr);
  if (is_own(part)) {
    json_.item(part.raw);
    return;
  }
  if (part.kind == PartKind::kToolResult) return result(part);
  if (is_media(part)) {
    if (proof == nullptr) return media(part);
    Part with_proof = part;
    with_proof.signature = proof->signature;
    return media(with_proof);
  }
  json_.object();
  if (part.kind == PartKind::kToolCall) {
    call(part);
  } else {
    json_.text("text", part.text.inside());
  }
  const Part& signed_part = proof != nullptr ? *proof : part;
  const bool is_first_call = part.kind == PartKind::kToolCall && !std::exchange(has_call_, true);
  if (is_first_call && needs_proof_ && !signed_part.signature.is_for(Dialect::kGemini))
    json_.string("thoughtSignature", kNoProof);
  end_part(signed_part);
}

void ContentWriter::end_part(const Part& part) {
  if (part.signature.is_for(Dialect::kGemini)) {
    json_.text("thoughtSignature", part.signature.value.inside());
  } else if (part.signature.value.is_given()) {
    dropped_.add("signature");
  }
  json_.end_object();
}

void ContentWriter::call(const Part& call) {
  json_.object("functionCall").text("id", call.id.inside());
  std::string arguments;
  append_arguments_object(arguments, call);
  json_.begin_text("name");
  append_wire_name(json_.out(), call.name, kGeminiNames);
  json_.end_text().member("args", arguments).end_object();
}

void ContentWriter::result(const Part& result) {
  const Text name = names_.of(result);
  if (!name.is_given())
    return refuse(
        fmt::format("the tool result '{}' answers no call, and this model's provider "
                    "needs the call's name",
                    result.id.decoded()));
  json_.object().object("functionResponse").text("id", result.id.inside());
  json_.begin_text("name");
  append_wire_name(json_.out(), name, kGeminiNames);
  json_.end_text().member("response", response(result));
  // Newer models take media inside a response; in a part beside it all of them do.
  bool has_parts = false;
  for (const Part& part : result.content) {
    if (!is_media(part)) continue;
    if (request_.origin != Dialect::kGemini) {
      media_.push_back(&part);
      continue;
    }
    if (!std::exchange(has_parts, true)) json_.array("parts");
    media(part);
  }
  if (has_parts) json_.end_array();
  json_.end_object().end_object();
}

// The vendor's own object, the object that the text is, or the text wrapped as its clients do it.
std::string ContentWriter::response(const Part& result) {
  if (!result.structured.empty()) return std::string(result.structured);
  std::string inside;
  append_texts(inside, result.content, "\\n");
  std::string text = Text(inside).decoded();
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_object = first != std::string::npos && text[first] == '{' && json::is_valid(text);
  if (is_object && !result.is_error) return text;
  std::string out;
  json::Builder(out).object().text(result.is_error ? "error" : "result", inside).end_object();
  return out;
}

void ContentWriter::media(const Part& part) {
  if (is_own(part)) {
    json_.item(part.raw);
    return;
  }
  const Media& media = part.media;
  if (media.file_id.is_given())
    return refuse("a file that another provider stores cannot be sent to this one");
  if (media.detail.is_given()) dropped_.add("detail");
  if (media.filename.is_given()) dropped_.add("filename");
  json_.object();
  if (media.data.is_given()) {
    json_.object("inlineData");
    json_.text("mimeType", media.media_type.is_given()     ? media_type_of(media)
                           : part.kind == PartKind::kImage ? "image/png"
                                                           : "application/octet-stream");
    json_.text("data", media.data.inside());
  } else {
    json_.object("fileData");
    const std::string_view type =
        media.media_type.is_given() ? media_type_of(media) : type_of_url(media.url.inside());
    if (!type.empty()) json_.text("mimeType", type);
    json_.text("fileUri", media.url.inside());
  }
  json_.end_object();
  end_part(part);
}

void ContentWriter::refuse(std::string message) {
  if (error_) return;
  const std::string_view param = request_.origin == Dialect::kGemini ? "contents" : "messages";
  error_ = CallError{400, "unsupported_value", fmt::format("{}: {}", param, message),
                     std::string(param)};
}

}  // namespace omni::llm::gemini
