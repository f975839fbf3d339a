#include "source/llm/openai/message_writer.h"

#include <algorithm>

#include "source/llm/call_ids.h"
#include "source/llm/media.h"
#include "source/llm/signature.h"

namespace omni::llm::openai {
namespace {

constexpr std::string_view kImageNote = "[tool returned an image; see attached]";

// The word after "audio/".
std::string_view audio_format(const Media& media) {
  const std::string_view type = media.media_type.inside();
  const std::string_view format = type.substr(type.rfind('/') + 1);
  return format == "mpeg" ? "mp3" : format;
}

// What a model has said aloud, by its id.
bool is_audio_id(const Part& part) {
  return part.kind == PartKind::kOpaque && part.origin == Dialect::kOpenai;
}

bool is_shown(const Part& part) {
  return part.kind == PartKind::kText || part.kind == PartKind::kImage ||
         part.kind == PartKind::kAudio || part.kind == PartKind::kFile;
}

}  // namespace

void MessageWriter::write(const Message& message) {
  for (const Part& part : message.parts)
    if (part.kind == PartKind::kOpaque && part.origin != Dialect::kOpenai)
      dropped_.add(opaque_name(part));
  if (message.role == Role::kTool) {
    for (const Part& result : message.parts) tool_result(result);
    return;
  }
  if (message.role == Role::kUser) return user(message);
  finish();
  if (message.role == Role::kAssistant) return assistant(message);
  system(message);
}

void MessageWriter::finish() {
  if (media_.empty()) return;
  json_.object().string("role", "user").array("content");
  for (const Part* media : media_) part(*media);
  json_.end_array().end_object();
  media_.clear();
}

bool MessageWriter::keeps_marker(const std::vector<Part>& parts) {
  const bool has_marker = std::any_of(parts.begin(), parts.end(),
                                      [](const Part& part) { return !part.cache_control.empty(); });
  if (has_marker && !options_.takes_cache_control) dropped_.add("cache_control");
  return has_marker && options_.takes_cache_control;
}

void MessageWriter::system(const Message& message) {
  json_.object().string("role", "system");
  if (keeps_marker(message.parts)) {
    json_.array("content");
    for (const Part& text : message.parts)
      if (text.kind == PartKind::kText) part(text);
    json_.end_array();
  } else {
    json_.begin_text("content");
    append_texts(json_.out(), message.parts, "\\n");
    json_.end_text();
  }
  json_.end_object();
}

void MessageWriter::user(const Message& message) {
  json_.object().string("role", "user");
  if (message.name.is_given()) json_.text("name", message.name.inside());
  const bool is_plain = media_.empty() && message.parts.size() == 1 &&
                        message.parts[0].kind == PartKind::kText && !keeps_marker(message.parts);
  if (is_plain) {
    json_.text("content", message.parts[0].text.inside()).end_object();
    return;
  }
  json_.array("content");
  for (const Part* media : media_) part(*media);
  media_.clear();
  for (const Part& shown : message.parts)
    if (is_shown(shown)) part(shown);
  json_.end_array().end_object();
}

void MessageWriter::part(const Part& part) {
  json_.object();
  if (part.kind == PartKind::kText) {
    json_.string("type", "text").text("text", part.text.inside());
  } else {
    media(part);
  }
  cache_control(part);
  json_.end_object();
}

void MessageWriter::cache_control(const Part& part) {
  if (part.cache_control.empty()) return;
  if (options_.takes_cache_control) {
    json_.member("cache_control", part.cache_control);
  } else {
    dropped_.add("cache_control");
  }
}

void MessageWriter::media(const Part& part) {
  const Media& media = part.media;
  if (part.kind == PartKind::kImage) {
    json_.string("type", "image_url").object("image_url").begin_text("url");
    append_media_url(json_.out(), media);
    json_.end_text();
    if (media.detail.is_given()) json_.text("detail", media.detail.inside());
    json_.end_object();
  } else if (part.kind == PartKind::kAudio) {
    json_.string("type", "input_audio").object("input_audio");
    json_.text("data", media.data.inside()).text("format", audio_format(media)).end_object();
  } else {
    json_.string("type", "file").object("file");
    if (media.file_id.is_given()) {
      json_.text("file_id", media.file_id.inside());
    } else {
      json_.begin_text("file_data");
      append_media_url(json_.out(), media);
      json_.end_text();
    }
    if (media.filename.is_given()) {
      json_.text("filename", media.filename.inside());
    } else if (media.data.is_given()) {
      // Bytes without a name are refused.
      json_.string("filename", default_filename(media));
    }
    json_.end_object();
  }
}

void MessageWriter::assistant(const Message& message) {
  keeps_marker(message.parts);
  json_.object().string("role", "assistant");
  reasoning(message);
  const bool has_calls = has_kind(message.parts, PartKind::kToolCall);
  const bool says_nothing = !has_calls && !has_kind(message.parts, PartKind::kRefusal) &&
                            std::none_of(message.parts.begin(), message.parts.end(), is_audio_id);
  if (has_text(message.parts) || says_nothing) {
    json_.begin_text("content");
    for (const Part& text : message.parts)
      if (text.kind == PartKind::kText) json_.out() += text.text.inside();
    json_.end_text();
  } else {
    json_.null("content");
  }
  for (const Part& part : message.parts) {
    if (part.kind == PartKind::kRefusal) json_.text("refusal", part.text.inside());
    if (is_audio_id(part)) json_.member("audio", part.raw);
  }
  if (has_calls) tool_calls(message);
  json_.end_object();
}

void MessageWriter::reasoning(const Message& message) {
  std::string text;
  for (const Part& thought : message.parts) {
    if (thought.kind != PartKind::kReasoning) continue;
    text += thought.text.inside();
    if (thought.signature.value.is_given() || thought.redacted.value.is_given())
      dropped_.add("signature");
  }
  if (text.empty()) return;
  if (options_.is_strict) {
    dropped_.add("reasoning");
  } else {
    json_.text("reasoning_content", text);
  }
}

// The vendor takes 40 characters; other clients and servers have longer ones.
std::string MessageWriter::call_id(const Part& part) const {
  constexpr size_t kVendor = 40;
  return options_.is_strict ? short_id(part.id, kVendor) : std::string(part.id.inside());
}

void MessageWriter::tool_calls(const Message& message) {
  json_.array("tool_calls");
  for (const Part& call : message.parts) {
    if (call.kind != PartKind::kToolCall) continue;
    const bool is_custom = call.is_custom && takes_free_text_;
    const std::string_view type = is_custom ? "custom" : "function";
    json_.object().text("id", call_id(call)).string("type", type);
    json_.object(type).begin_text("name");
    append_wire_name(json_.out(), call.name, names_);
    json_.end_text().begin_text(is_custom ? "input" : "arguments");
    if (call.is_custom && !is_custom) {
      std::string object;
      append_arguments_object(object, call);
      append_escaped(json_.out(), object);
    } else {
      append_arguments_text(json_.out(), call);
    }
    json_.end_text().end_object();
    if (call.signature.is_for(Dialect::kGemini) && !options_.is_strict)
      json_.object("extra_content")
          .object("google")
          .text("thought_signature", call.signature.value.inside())
          .end_object()
          .end_object();
    json_.end_object();
  }
  json_.end_array();
}

void MessageWriter::tool_result(const Part& result) {
  json_.object().string("role", "tool").text("tool_call_id", call_id(result));
  bool has_media = false;
  for (const Part& part : result.content) {
    if (part.kind != PartKind::kText && is_shown(part)) {
      media_.push_back(&part);
      has_media = true;
    } else if (!part.cache_control.empty()) {
      dropped_.add("cache_control");
    }
  }
  json_.begin_text("content");
  append_texts(json_.out(), result.content, "\\n");
  if (has_media && !has_text(result.content)) json_.out() += kImageNote;
  json_.end_text().end_object();
  if (result.is_error) dropped_.add("is_error");
  if (!result.cache_control.empty()) dropped_.add("cache_control");
}

}  // namespace omni::llm::openai
