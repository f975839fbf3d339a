#include "source/llm/gemini/part_writer.h"

#include "source/json/builder.h"
#include "source/llm/gemini/signature_field.h"
#include "source/llm/parts.h"

namespace omni::llm::gemini {
namespace {

bool is_media(PartKind kind) {
  return kind == PartKind::kImage || kind == PartKind::kAudio || kind == PartKind::kFile;
}

void comma(std::string& parts) {
  if (!parts.empty()) parts += ',';
}

}  // namespace

void PartWriter::put(const Event& event, std::string& parts) {
  switch (event.kind) {
    case Event::Kind::kPartBegan:
      return began(event, parts);
    case Event::Kind::kDelta:
      return delta(event, parts);
    case Event::Kind::kSignature:
      return signature(event, parts);
    case Event::Kind::kPartEnded:
      return ended(event, parts);
    case Event::Kind::kStopped:
      return flush(parts);
    default:
      return;
  }
}

void PartWriter::began(const Event& event, std::string& parts) {
  const bool takes_proof = event.part_kind == PartKind::kText || is_media(event.part_kind);
  if (!takes_proof) flush(parts);
  text_.clear();
  has_text_ = false;
  if (is_media(event.part_kind) && event.media != nullptr) {
    media(event, parts);
  } else if (event.part_kind == PartKind::kOpaque) {
    if (event.origin != Dialect::kGemini || event.raw.empty()) return;
    comma(parts);
    parts += event.raw;
  } else if (event.part_kind == PartKind::kToolCall) {
    id_ = event.id.inside();
    name_ = event.name.inside();
    is_custom_ = event.is_custom;
    call_proof_.clear();
    if (event.signature.value.is_given()) append_signature(call_proof_, event.signature, false);
  }
}

void PartWriter::delta(const Event& event, std::string& parts) {
  if (event.text.is_empty()) return;
  const bool waits = !is_stream_ || event.part_kind == PartKind::kToolCall;
  has_text_ = true;
  if (waits) {
    text_ += event.text.inside();
  } else if (event.part_kind == PartKind::kReasoning) {
    // The last piece waits for its proof: clients drop one that stands beside no text.
    if (!text_.empty()) text(std::exchange(text_, {}), true, parts);
    text_ = event.text.inside();
  } else {
    text(event.text.inside(), false, parts);
  }
}

void PartWriter::signature(const Event& event, std::string& parts) {
  if (event.part_kind != PartKind::kReasoning) return;
  const bool is_redacted = event.redacted.value.is_given();
  const Signature& proof = is_redacted ? event.redacted : event.signature;
  if (!proof.value.is_given()) return;
  if (!text_.empty()) {
    // The thought's own part takes it.
    if (proof_.empty()) return append_signature(proof_, proof, is_redacted);
    text(std::exchange(text_, {}), true, parts);
  }
  flush(parts);
  append_signature(proof_, proof, is_redacted);
  proof_is_lone_ = !has_text_ && proof.origin == Dialect::kGemini;
  if (!proof_is_lone_) text({}, true, parts);
}

void PartWriter::ended(const Event& event, std::string& parts) {
  if (event.part_kind == PartKind::kToolCall) return call(parts);
  if (!text_.empty())
    text(std::exchange(text_, {}), event.part_kind == PartKind::kReasoning, parts);
}

void PartWriter::text(std::string_view inside, bool is_thought, std::string& parts) {
  comma(parts);
  json::Builder json(parts);
  json.object().text("text", inside);
  if (is_thought) json.boolean("thought", true);
  append_proof(parts);
  parts += '}';
}

void PartWriter::append_proof(std::string& parts) {
  if (proof_.empty()) return;
  parts += R"(,"thoughtSignature":")";
  parts += proof_;
  parts += '"';
  proof_.clear();
  proof_is_lone_ = false;
}

void PartWriter::flush(std::string& parts) {
  if (!proof_.empty()) text({}, !proof_is_lone_, parts);
}

void PartWriter::media(const Event& event, std::string& parts) {
  const Media& media = *event.media;
  comma(parts);
  json::Builder json(parts);
  json.object().object(media.data.is_given() ? "inlineData" : "fileData");
  json.text("mimeType", media.media_type.is_given() ? media.media_type.inside() : "image/png");
  if (media.data.is_given()) {
    json.text("data", media.data.inside());
  } else {
    json.text("fileUri", media.url.inside());
  }
  json.end_object();
  append_proof(parts);
  parts += '}';
}

void PartWriter::call(std::string& parts) {
  Part call{.kind = PartKind::kToolCall};
  call.arguments_text = Text(text_);
  call.is_custom = is_custom_;
  std::string arguments;
  append_arguments_object(arguments, call);
  text_.clear();
  comma(parts);
  json::Builder json(parts);
  json.object().object("functionCall");
  json.text("id", id_).text("name", name_).member("args", arguments).end_object();
  if (!call_proof_.empty()) json.text("thoughtSignature", call_proof_);
  json.end_object();
}

}  // namespace omni::llm::gemini
