#include "source/llm/responses/item_writer.h"

#include <algorithm>

#include "source/llm/call_ids.h"
#include "source/llm/media.h"
#include "source/llm/responses/proof.h"

namespace omni::llm::responses {
namespace {

// Of the vendor's; other clients have longer ones.
constexpr size_t kMaxCallId = 64;

std::string_view word_of(Role role) {
  constexpr std::string_view kWords[] = {"system", "developer", "user", "assistant", "user"};
  return kWords[static_cast<size_t>(role)];
}

bool is_spoken(const Part& part) {
  return part.kind == PartKind::kText || part.kind == PartKind::kRefusal;
}

bool is_shown(const Part& part) {
  return part.kind == PartKind::kText || part.kind == PartKind::kImage ||
         part.kind == PartKind::kAudio || part.kind == PartKind::kFile;
}

// The word after "audio/".
std::string_view audio_format(const Media& media) {
  const std::string_view type = media.media_type.inside();
  const std::string_view format = type.substr(type.rfind('/') + 1);
  return format == "mpeg" ? "mp3" : format;
}

}  // namespace

void ItemWriter::write(const Message& said) {
  if (said.role == Role::kAssistant) return assistant(said);
  if (said.role != Role::kTool) return message(said);
  for (const Part& part : said.parts) result(part);
}

void ItemWriter::message(const Message& message) {
  json_.object().string("type", "message").string("role", word_of(message.role)).array("content");
  for (const Part& part : message.parts) {
    if (is_shown(part)) {
      content(part);
    } else if (part.kind == PartKind::kOpaque) {
      dropped_.add(opaque_name(part));
    }
  }
  json_.end_array().end_object();
  if (message.name.is_given()) dropped_.add("name");
}

void ItemWriter::note_losses(const Part& part) {
  if (!part.cache_control.empty()) dropped_.add("cache_control");
}

void ItemWriter::content(const Part& part) {
  note_losses(part);
  if (part.kind == PartKind::kText) {
    json_.object().string("type", "input_text").text("text", part.text.inside()).end_object();
  } else if (part.kind == PartKind::kImage) {
    image(part.media);
  } else if (part.kind == PartKind::kFile) {
    file(part.media);
  } else {
    json_.object().string("type", "input_audio").object("input_audio");
    json_.text("data", part.media.data.inside()).text("format", audio_format(part.media));
    json_.end_object().end_object();
  }
}

void ItemWriter::image(const Media& media) {
  json_.object().string("type", "input_image");
  if (media.file_id.is_given()) {
    json_.text("file_id", media.file_id.inside());
  } else {
    json_.begin_text("image_url");
    append_media_url(json_.out(), media);
    json_.end_text();
  }
  if (media.detail.is_given()) json_.text("detail", media.detail.inside());
  json_.end_object();
}

void ItemWriter::file(const Media& media) {
  json_.object().string("type", "input_file");
  if (media.file_id.is_given()) {
    json_.text("file_id", media.file_id.inside());
  } else if (media.data.is_given()) {
    json_.begin_text("file_data");
    append_media_url(json_.out(), media);
    json_.end_text();
  } else {
    json_.text("file_url", media.url.inside());
  }
  if (media.filename.is_given()) {
    json_.text("filename", media.filename.inside());
  } else if (media.data.is_given() && request_.origin != Dialect::kOpenaiResponses) {
    // Bytes without a name are refused.
    json_.string("filename", default_filename(media));
  }
  json_.end_object();
}

void ItemWriter::assistant(const Message& message) {
  for (size_t at = 0; at < message.parts.size();) {
    const Part& part = message.parts[at];
    if (is_spoken(part)) {
      at = spoken(message, at);
      continue;
    }
    if (part.kind == PartKind::kReasoning) reasoning(part);
    if (part.kind == PartKind::kToolCall) call(part);
    if (part.kind == PartKind::kOpaque) opaque(part);
    if (part.kind == PartKind::kImage) dropped_.add("content");
    ++at;
  }
}

size_t ItemWriter::spoken(const Message& message, size_t at) {
  const auto& parts = message.parts;
  size_t end = at;
  bool has_text = false;
  for (; end < parts.size() && is_spoken(parts[end]); ++end)
    has_text |= !parts[end].text.is_empty();
  if (!has_text) return end;
  json_.object().string("type", "message").string("role", "assistant").array("content");
  for (; at < end; ++at) {
    const Part& part = parts[at];
    note_losses(part);
    if (part.signature.value.is_given()) dropped_.add("signature");
    const bool is_refusal = part.kind == PartKind::kRefusal;
    json_.object().string("type", is_refusal ? "refusal" : "output_text");
    json_.text(is_refusal ? "refusal" : "text", part.text.inside());
    if (!part.citations.empty()) {
      if (part.origin == Dialect::kOpenaiResponses) {
        json_.member("annotations", part.citations);
      } else {
        dropped_.add("citations");
      }
    }
    json_.end_object();
  }
  json_.end_array();
  if (message.phase.is_given()) json_.text("phase", message.phase.inside());
  json_.end_object();
  return end;
}

void ItemWriter::reasoning(const Part& thought) {
  const Dialect own = Dialect::kOpenaiResponses;
  const bool is_own = thought.signature.is_for(own) || thought.redacted.is_for(own);
  const bool is_foreign =
      !is_own && (thought.signature.value.is_given() || thought.redacted.value.is_given());
  if (is_foreign) dropped_.add("signature");
  if (!is_foreign && !thought.raw.empty() && request_.origin == own) {
    json_.item(thought.raw);
    return;
  }
  // Text alone is nobody's proof, and said aloud it would be something the model never said.
  if (!is_own) {
    if (!is_foreign) dropped_.add("reasoning");
    return;
  }
  const Signature& proof = thought.signature.is_for(own) ? thought.signature : thought.redacted;
  json_.object().string("type", "reasoning").array("summary");
  if (!thought.text.is_empty())
    json_.object().string("type", "summary_text").text("text", thought.text.inside()).end_object();
  json_.end_array().text("encrypted_content", proof.value.inside()).end_object();
}

void ItemWriter::call(const Part& call) {
  note_losses(call);
  if (call.signature.value.is_given()) dropped_.add("signature");
  if (call.is_custom) custom_calls_.insert(call.id.inside());
  json_.object().string("type", call.is_custom ? "custom_tool_call" : "function_call");
  json_.text("call_id", short_id(call.id, kMaxCallId));
  if (const auto* in_space = spaces_.find(call.name.inside())) {
    json_.text("name", in_space->second).text("namespace", in_space->first);
  } else {
    json_.begin_text("name");
    append_wire_name(json_.out(), call.name, names_);
    json_.end_text();
  }
  json_.begin_text(call.is_custom ? "input" : "arguments");
  append_arguments_text(json_.out(), call);
  json_.end_text().end_object();
}

void ItemWriter::result(const Part& result) {
  note_losses(result);
  if (result.is_error) dropped_.add("is_error");
  const bool is_custom = result.is_custom || custom_calls_.count(result.id.inside()) > 0;
  json_.object().string("type", is_custom ? "custom_tool_call_output" : "function_call_output");
  json_.text("call_id", short_id(result.id, kMaxCallId));
  const bool is_plain = result.content.empty() || (result.content.size() == 1 &&
                                                   result.content.front().kind == PartKind::kText);
  if (is_plain) {
    json_.text("output", result.content.empty() ? "" : result.content.front().text.inside());
  } else {
    json_.array("output");
    for (const Part& part : result.content)
      if (is_shown(part)) content(part);
    json_.end_array();
  }
  json_.end_object();
}

void ItemWriter::opaque(const Part& part) {
  if (part.origin == Dialect::kOpenaiResponses) {
    json_.item(part.raw);
  } else {
    dropped_.add(opaque_name(part));
  }
}

}  // namespace omni::llm::responses
