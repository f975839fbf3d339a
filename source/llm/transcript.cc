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

bool is_of_system(const Message& message) {
  return message.role == Role::kSystem || message.role == Role::kDeveloper;
}

void add_content(std::string& out, const std::vector<Part>& parts) {
  for (const Part& part : parts) {
    if (part.kind == PartKind::kReasoning || part.kind == PartKind::kOpaque) continue;
    out += static_cast<char>('a' + static_cast<int>(part.kind));
    for (const std::string_view text :
         {part.text.inside(), part.name.inside(), part.arguments, part.arguments_text.inside(),
          part.media.url.inside(), part.media.data.inside(), part.media.file_id.inside()})
      out.append(text).push_back('\0');
    add_content(out, part.content);
    out.push_back('\0');
  }
}

}  // namespace

Reached reached(const Request& request, size_t messages) {
  Reached out;
  std::string said;
  for (const Message& message : request.messages) {
    if (is_of_system(message)) continue;
    if (out.messages == messages) break;
    ++out.messages;
    said += static_cast<char>('A' + static_cast<int>(message.role));
    add_content(said, message.parts);
  }
  out.digest = sha256(said);
  return out;
}

std::string write_transcript(const Request& request, const TranscriptLimits& limits) {
  std::vector<std::string> lines;
  size_t bytes = 0;
  for (auto each = request.messages.rbegin(); each != request.messages.rend(); ++each) {
    if (is_of_system(*each)) continue;
    if (lines.size() >= limits.messages || bytes >= limits.whole_bytes) break;
    lines.push_back(said(*each, limits.message_bytes));
    bytes += lines.back().size();
  }
  std::reverse(lines.begin(), lines.end());
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace omni::llm
