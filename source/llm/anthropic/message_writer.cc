#include "source/llm/anthropic/message_writer.h"

#include <fmt/format.h>

#include <cctype>

#include "source/llm/media.h"
#include "source/llm/tool_names.h"

namespace omni::llm::anthropic {
namespace {

constexpr std::string_view kEphemeral = R"({"type":"ephemeral"})";

bool is_system(const Message& message) {
  return message.role == Role::kSystem || message.role == Role::kDeveloper;
}

std::string_view role_of(const Message& message) {
  return message.role == Role::kAssistant ? "assistant" : "user";
}

}  // namespace

void append_tool_id(std::string& out, Text id) {
  for (const char c : id.inside()) {
    const bool ok = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    out.push_back(ok ? c : '_');
  }
}

void MessageWriter::write(std::string_view note) {
  for (const Message& message : request_.messages) {
    // Of a result it is its tool's.
    if (message.name.is_given() && message.role != Role::kTool) dropped_.add("name");
    if (is_system(message)) continue;
    for (const Part& part : message.parts)
      if (is_sent(part)) last_ = &part;
  }
  if (last_ == nullptr) return alone(note);
  system(note);
  messages();
}

void MessageWriter::system(std::string_view note) {
  if (!has_system(note)) return;
  json_.array("system");
  system_texts(note);
  json_.end_array();
}

void MessageWriter::alone(std::string_view note) {
  json_.array("messages");
  if (has_system(note)) {
    json_.object().string("role", "user").array("content");
    system_texts(note);
    json_.end_array().end_object();
  }
  json_.end_array();
}

bool MessageWriter::has_system(std::string_view note) const {
  for (const Message& message : request_.messages)
    for (const Part& part : message.parts)
      if (is_system(message) && is_sent(part)) return true;
  return !note.empty();
}

void MessageWriter::system_texts(std::string_view note) {
  const Part* last = nullptr;
  for (const Message& message : request_.messages)
    if (is_system(message))
      for (const Part& part : message.parts)
        if (is_sent(part)) last = &part;
  for (const Message& message : request_.messages) {
    if (!is_system(message)) continue;
    for (const Part& part : message.parts)
      if (is_sent(part) && part.kind == PartKind::kText) block(part, &part == last);
  }
  if (!note.empty()) json_.object().string("type", "text").string("text", note).end_object();
}

void MessageWriter::messages() {
  json_.array("messages");
  std::string_view open;
  for (const Message& message : request_.messages) {
    if (is_system(message)) continue;
    bool is_empty = true;
    for (const Part& part : message.parts) is_empty = is_empty && !is_sent(part);
    if (is_empty) continue;
    const std::string_view role = role_of(message);
    if (role != open) {
      if (!open.empty()) json_.end_array().end_object();
      json_.object().string("role", role).array("content");
      open = role;
    }
    content(message);
  }
  if (!open.empty()) json_.end_array().end_object();
  json_.end_array();
}

// Thoughts stand where the vendor's model had them: it takes them back there alone. A dialect that
// keeps them in a member of their own does not say where; there they open the turn they belong to.
void MessageWriter::content(const Message& message) {
  const bool is_loose = request_.origin == Dialect::kOpenai || request_.origin == Dialect::kOllama;
  const auto is_early = [&](const Part& part) {
    return is_loose && part.kind == PartKind::kReasoning;
  };
  for (const Part& part : message.parts)
    if (is_early(part) && is_sent(part)) block(part, false);
  for (const Part& part : message.parts) {
    if (part.kind == PartKind::kReasoning && !is_sent(part)) {
      dropped_.add("reasoning");
    } else if (!is_early(part) && is_sent(part)) {
      block(part, &part == last_);
    }
  }
}

bool MessageWriter::is_sent(const Part& part) const {
  switch (part.kind) {
    case PartKind::kText:
    case PartKind::kRefusal:
      return !part.text.is_empty();
    case PartKind::kReasoning:
      return part.signature.is_for(Dialect::kAnthropic) ||
             part.redacted.is_for(Dialect::kAnthropic);
    case PartKind::kOpaque:
      return part.origin == Dialect::kAnthropic;
    default:
      return true;
  }
}

void MessageWriter::block(const Part& part, bool is_last) {
  if (!part.raw.empty() && part.origin == Dialect::kAnthropic) {
    json_.item(part.raw);
    return;
  }
  switch (part.kind) {
    case PartKind::kReasoning:
      return thinking(part);
    case PartKind::kToolCall:
      tool_use(part);
      break;
    case PartKind::kToolResult:
      tool_result(part);
      break;
    case PartKind::kText:
    case PartKind::kRefusal:
      json_.object().string("type", "text").text("text", part.text.inside());
      break;
    default:
      media(part);
  }
  cache_control(part, is_last);
  json_.end_object();
}

void MessageWriter::cache_control(const Part& part, bool is_last) {
  if (!part.cache_control.empty()) {
    json_.member("cache_control", part.cache_control);
  } else if (is_last && marks_prefix_) {
    json_.member("cache_control", kEphemeral);
  }
}

void MessageWriter::thinking(const Part& part) {
  if (part.signature.is_for(Dialect::kAnthropic)) {
    json_.object().string("type", "thinking").text("thinking", part.text.inside());
    json_.text("signature", part.signature.value.inside()).end_object();
  }
  if (part.redacted.is_for(Dialect::kAnthropic)) {
    json_.object().string("type", "redacted_thinking");
    json_.text("data", part.redacted.value.inside()).end_object();
  }
}

void MessageWriter::media(const Part& part) {
  const Media& media = part.media;
  json_.object();
  if (part.kind == PartKind::kAudio) {
    refuse("messages", "This model takes no audio.");
  } else if (part.kind == PartKind::kImage) {
    json_.string("type", "image");
    source(media);
    if (media.detail.is_given()) dropped_.add("detail");
  } else {
    const std::string_view type = media.media_type.inside();
    // By URL as well (docs.claude.com/en/docs/build-with-claude/pdf-support).
    if (media.media_type.is_given() && type != "application/pdf" && type != "application\\/pdf")
      refuse("messages", fmt::format("This model takes PDF files, and none of type '{}'.", type));
    json_.string("type", "document");
    source(media);
    if (media.filename.is_given()) json_.text("title", media.filename.inside());
  }
}

void MessageWriter::source(const Media& media) {
  json_.object("source");
  if (media.data.is_given()) {
    json_.string("type", "base64").text("media_type", media_type_of(media));
    json_.text("data", media.data.inside());
  } else if (media.url.is_given()) {
    json_.string("type", "url").text("url", media.url.inside());
  } else {
    if (request_.origin != Dialect::kAnthropic)
      refuse("messages", "A file_id names a file of another provider.");
    json_.string("type", "file").text("file_id", media.file_id.inside());
  }
  json_.end_object();
}

void MessageWriter::tool_use(const Part& part) {
  json_.object().string("type", "tool_use").begin_text("id");
  append_tool_id(json_.out(), part.id);
  json_.end_text().begin_text("name");
  append_wire_name(json_.out(), part.name, kAnthropicNames);
  json_.end_text().key("input");
  append_arguments_object(json_.out(), part);
  json_.after_value();
  if (part.signature.value.is_given()) dropped_.add("signature");
}

void MessageWriter::tool_result(const Part& part) {
  json_.object().string("type", "tool_result").begin_text("tool_use_id");
  append_tool_id(json_.out(), part.id);
  json_.end_text();
  if (part.content.size() == 1 && part.content[0].kind == PartKind::kText &&
      part.content[0].cache_control.empty() && part.content[0].raw.empty()) {
    json_.text("content", part.content[0].text.inside());
  } else if (!part.content.empty()) {
    json_.array("content");
    for (const Part& inner : part.content)
      if (is_sent(inner)) block(inner, false);
    json_.end_array();
  }
  if (part.is_error) json_.boolean("is_error", true);
}

void MessageWriter::refuse(std::string_view param, std::string_view message) {
  if (error_) return;
  error_ = CallError{400, "unsupported_value", fmt::format("{}: {}", param, message),
                     std::string(param)};
}

}  // namespace omni::llm::anthropic
