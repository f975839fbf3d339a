#include "source/llm/transcript.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace omni::llm {
namespace {

void append_part(std::string& out, const Part& part) {
  switch (part.kind) {
    case PartKind::kText:
    case PartKind::kRefusal:
      out += part.text.decoded();
      break;
    case PartKind::kToolCall:
      out += fmt::format(
          "[calls {} with {}]", part.name.decoded(),
          part.arguments.empty() ? part.arguments_text.decoded() : std::string(part.arguments));
      break;
    case PartKind::kToolResult:
      out += fmt::format("[{} returns: ",
                         part.name.is_given() ? part.name.decoded() : std::string("the tool"));
      for (const Part& each : part.content) append_part(out, each);
      out += "]";
      break;
    case PartKind::kImage:
      out += "[an image]";
      break;
    case PartKind::kAudio:
      out += "[a sound]";
      break;
    case PartKind::kFile:
      out += "[a file]";
      break;
    default:
      return;
  }
  out += "\n";
}

// Whole characters.
std::string_view beginning(std::string_view text, size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

std::string said(const Message& message, size_t most) {
  std::string text;
  for (const Part& part : message.parts) {
    append_part(text, part);
    if (text.size() > most) break;
  }
  if (text.empty()) return text;
  const std::string_view who = message.role == Role::kUser   ? "user"
                               : message.role == Role::kTool ? "tool"
                                                             : "assistant";
  const std::string_view kept = beginning(text, most);
  return fmt::format("{}: {}{}", who, kept, kept.size() < text.size() ? " [...]\n" : "");
}

}  // namespace

std::string write_transcript(const Request& request, const TranscriptLimits& limits) {
  std::vector<std::string> lines;
  size_t bytes = 0;
  for (auto each = request.messages.rbegin(); each != request.messages.rend(); ++each) {
    if (each->role == Role::kSystem || each->role == Role::kDeveloper) continue;
    if (lines.size() >= limits.messages || bytes >= limits.whole_bytes) break;
    lines.push_back(said(*each, limits.message_bytes));
    bytes += lines.back().size();
  }
  std::reverse(lines.begin(), lines.end());
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace omni::llm
