#include "source/llm/ollama/message_reader.h"

#include "source/base/strings.h"

namespace omni::llm::ollama {
namespace {

using json::Kind;
using json::Skimmed;

// Ollama looks at the bytes; other vendors want to be told. How the first bytes of each format
// begin in Base64.
std::string_view type_of_image(std::string_view data) {
  const auto begins = [&](std::string_view with) { return data.substr(0, with.size()) == with; };
  if (begins("iVBORw0KGgo")) return "image/png";
  if (begins("R0lGOD")) return "image/gif";
  if (begins("UklGR")) return "image/webp";
  return "image/jpeg";
}

class MessageReader {
 public:
  MessageReader(FieldWalk& walk, CallIds& ids, Request& request)
      : walk_(walk), ids_(ids), request_(request) {}

  bool read(const Skimmed& value, const Place& place) {
    const bool ok = walk_.members(
        value, place, [&](const Skimmed& member, const Place& at) { return field(member, at); });
    if (!ok) return false;
    if (!has_role_) return walk_.fail(Place{&place, "role"}, "is missing");
    if (message_.role != Role::kAssistant && !calls_.empty())
      return walk_.fail(Place{&place, "tool_calls"},
                        "stands in messages of the role 'assistant' only");
    return finish(), true;
  }

 private:
  bool field(const Skimmed& value, const Place& at);
  bool role(const Skimmed& value, const Place& at);
  bool call(const Skimmed& value, const Place& at);
  bool function(const Skimmed& value, const Place& at, Part& out);
  void finish();
  void finish_tool();

  FieldWalk& walk_;
  CallIds& ids_;
  Request& request_;
  Message message_;
  bool has_role_ = false;
  Text content_, thinking_, tool_name_, tool_call_id_;
  std::vector<Part> images_, calls_;
};

bool MessageReader::field(const Skimmed& value, const Place& at) {
  const std::string_view key = value.key;
  if (key == "role") return role(value, at);
  if (key == "content") return walk_.text(value, at, content_);
  if (key == "thinking") return walk_.text(value, at, thinking_);
  // "name" is what clients of OpenAI's habits send.
  if (key == "tool_name" || key == "name") return walk_.text(value, at, tool_name_);
  if (key == "tool_call_id") return walk_.text(value, at, tool_call_id_);
  if (key == "images")
    return walk_.items(value, at, [&](auto& item, auto& place) {
      return read_image(walk_, item, place, images_.emplace_back());
    });
  if (key == "tool_calls")
    return walk_.items(value, at, [&](auto& item, auto& place) { return call(item, place); });
  return true;
}

// The server takes any case.
bool MessageReader::role(const Skimmed& value, const Place& at) {
  constexpr std::string_view kWords[] = {"system", "user", "assistant", "tool"};
  constexpr Role kRoles[] = {Role::kSystem, Role::kUser, Role::kAssistant, Role::kTool};
  for (size_t i = 0; i < std::size(kWords); ++i) {
    if (value.kind != Kind::kString || !equals_ignoring_case(value.inside(), kWords[i])) continue;
    message_.role = kRoles[i];
    return has_role_ = true;
  }
  return walk_.fail(at, "must be one of 'system', 'user', 'assistant', 'tool'");
}

bool MessageReader::call(const Skimmed& value, const Place& at) {
  Part out{.kind = PartKind::kToolCall};
  bool has_function = false;
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "id") return walk_.text(member, place, out.id);
    if (member.key != "function") return true;
    has_function = true;
    return function(member, place, out);
  });
  if (!ok) return false;
  if (!has_function) return walk_.fail(Place{&at, "function"}, "is missing");
  if (out.arguments.empty() && !out.arguments_text.is_given()) out.arguments = "{}";
  calls_.push_back(std::move(out));
  return true;
}

bool MessageReader::function(const Skimmed& value, const Place& at, Part& out) {
  const bool ok = walk_.members(value, at, [&](const Skimmed& member, const Place& place) {
    if (member.key == "name") return walk_.text(member, place, out.name);
    if (member.key != "arguments") return true;
    // Clients of OpenAI's habits send a string.
    if (member.kind == Kind::kString) return walk_.text(member, place, out.arguments_text);
    return walk_.raw_object(member, place, out.arguments);
  });
  return ok && walk_.required(out.name, at, "name");
}

void MessageReader::finish() {
  if (message_.role == Role::kTool) return finish_tool();
  if (thinking_.is_given() && !thinking_.is_empty())
    message_.parts.push_back({.kind = PartKind::kReasoning, .text = thinking_});
  if (content_.is_given() && (!content_.is_empty() || (images_.empty() && calls_.empty())))
    message_.parts.push_back({.text = content_});
  for (Part& image : images_) message_.parts.push_back(std::move(image));
  for (Part& call : calls_) {
    call.id = ids_.of_call(call.id, call.name);
    message_.parts.push_back(std::move(call));
  }
  request_.messages.push_back(std::move(message_));
}

void MessageReader::finish_tool() {
  Part result{.kind = PartKind::kToolResult};
  result.name = tool_name_;
  result.id = ids_.of_result(tool_call_id_, result.name);
  if (content_.is_given()) result.content.push_back({.text = content_});
  for (Part& image : images_) result.content.push_back(std::move(image));
  message_.parts.push_back(std::move(result));
  request_.messages.push_back(std::move(message_));
}

}  // namespace

bool read_image(FieldWalk& walk, const Skimmed& value, const Place& at, Part& out) {
  out.kind = PartKind::kImage;
  Text data;
  if (!walk.text(value, at, data)) return false;
  if (data.is_empty()) return walk.fail(at, "must be an image in Base64");
  std::string_view type, bytes;
  if (split_data_url(data.inside(), type, bytes)) {
    out.media.data = Text(bytes);
    out.media.media_type = Text(type);
  } else {
    out.media.data = data;
    out.media.media_type = Text(type_of_image(data.inside()));
  }
  return true;
}

bool read_message(FieldWalk& walk, CallIds& ids, const Skimmed& value, const Place& place,
                  Request& request) {
  return MessageReader(walk, ids, request).read(value, place);
}

}  // namespace omni::llm::ollama
