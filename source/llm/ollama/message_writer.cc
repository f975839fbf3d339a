#include "source/llm/ollama/message_writer.h"

namespace omni::llm::ollama {
namespace {

std::string_view word(Role role) {
  switch (role) {
    case Role::kSystem:
    case Role::kDeveloper:
      return "system";
    case Role::kAssistant:
      return "assistant";
    case Role::kTool:
      return "tool";
    default:
      return "user";
  }
}

}  // namespace

void MessageWriter::write(const Message& message) {
  note_drops(message.parts);
  if (message.role == Role::kTool) {
    for (const Part& result : message.parts) tool_result(result);
    return;
  }
  if (message.name.is_given()) dropped_.add("name");
  const bool is_answer = message.role == Role::kAssistant;
  json_.object().string("role", word(message.role));
  // The pieces of an answer were one text.
  content(message.parts, is_answer ? "" : "\\n");
  if (is_answer) thinking(message.parts);
  images(message.parts);
  if (has_kind(message.parts, PartKind::kToolCall)) tool_calls(message.parts);
  json_.end_object();
}

void MessageWriter::note_drops(const std::vector<Part>& parts) {
  for (const Part& part : parts) {
    if (!part.cache_control.empty()) dropped_.add("cache_control");
    if (part.signature.value.is_given() || part.redacted.value.is_given())
      dropped_.add("signature");
    if (part.kind == PartKind::kOpaque) dropped_.add(opaque_name(part));
    if (part.is_error) dropped_.add("is_error");
  }
}

void MessageWriter::content(const std::vector<Part>& parts, std::string_view separator) {
  json_.begin_text("content");
  append_texts(json_.out(), parts, separator);
  json_.end_text();
}

void MessageWriter::thinking(const std::vector<Part>& parts) {
  std::string text;
  for (const Part& part : parts)
    if (part.kind == PartKind::kReasoning) text += part.text.inside();
  if (!text.empty()) json_.text("thinking", text);
}

// The server fetches nothing, and reads pictures only.
void MessageWriter::images(const std::vector<Part>& parts) {
  bool is_open = false;
  for (const Part& part : parts) {
    if (part.kind == PartKind::kAudio || part.kind == PartKind::kFile)
      return refuse("this model's server takes texts and images only");
    if (part.kind != PartKind::kImage) continue;
    if (!part.media.data.is_given())
      return refuse("this model's server takes images as Base64 data only, not by URL");
    if (part.media.detail.is_given()) dropped_.add("detail");
    if (!std::exchange(is_open, true)) json_.array("images");
    json_.text_item(part.media.data.inside());
  }
  if (is_open) json_.end_array();
}

void MessageWriter::tool_calls(const std::vector<Part>& parts) {
  json_.array("tool_calls");
  for (const Part& call : parts) {
    if (call.kind != PartKind::kToolCall) continue;
    std::string arguments;
    append_arguments_object(arguments, call);
    json_.object().text("id", call.id.inside()).object("function");
    json_.text("name", call.name.inside()).member("arguments", arguments);
    json_.end_object().end_object();
  }
  json_.end_array();
}

void MessageWriter::tool_result(const Part& result) {
  json_.object().string("role", "tool");
  content(result.content, "\\n");
  images(result.content);
  if (const Text name = names_.of(result); name.is_given()) json_.text("tool_name", name.inside());
  json_.text("tool_call_id", result.id.inside()).end_object();
}

void MessageWriter::refuse(std::string message) {
  if (!error_)
    error_ = CallError{400, "unsupported_value", "messages: " + std::move(message), "messages"};
}

}  // namespace omni::llm::ollama
