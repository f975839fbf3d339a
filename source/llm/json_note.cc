#include "source/llm/json_note.h"

#include <algorithm>

#include "source/base/strings.h"

namespace omni::llm {
namespace {

bool says_json(std::string_view text) {
  constexpr std::string_view kWord = "json";
  return std::search(text.begin(), text.end(), kWord.begin(), kWord.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

bool says_json(const std::vector<Part>& parts) {
  return std::any_of(parts.begin(), parts.end(), [](const Part& part) {
    return (part.kind == PartKind::kText && says_json(part.text.inside())) ||
           says_json(part.content);
  });
}

}  // namespace

bool needs_json_note(const Request& request) {
  const bool knows =
      request.origin == Dialect::kOpenai || request.origin == Dialect::kOpenaiResponses;
  return !knows && request.format.kind == OutputFormat::Kind::kJson &&
         std::none_of(request.messages.begin(), request.messages.end(),
                      [](const Message& message) { return says_json(message.parts); });
}

}  // namespace omni::llm
