#include "source/llm/gemini/model_turns.h"

#include <utility>

namespace omni::llm::gemini {
namespace {

bool has_proof(const Part& part) {
  return part.signature.value.is_given() || part.redacted.value.is_given();
}

// The vendor's own proof belongs to the very part that it came with.
bool goes_on(const Part& last, const Part& next) {
  if (last.kind != next.kind || has_proof(last) || !last.raw.empty() || !next.raw.empty())
    return false;
  if (last.kind == PartKind::kText) return !has_proof(next);
  return last.kind == PartKind::kReasoning && !next.signature.is_for(Dialect::kGemini);
}

void join_parts(std::vector<Part>& parts, Request& request) {
  std::vector<Part> out;
  for (size_t i = 0; i < parts.size();) {
    Part part = std::move(parts[i]);
    std::string text;
    for (++i; i < parts.size() && goes_on(part, parts[i]); ++i) {
      if (text.empty()) text = part.text.inside();
      text += parts[i].text.inside();
      part.signature = parts[i].signature;
      part.redacted = parts[i].redacted;
    }
    if (!text.empty()) part.text = Text(request.keep(std::move(text)));
    out.push_back(std::move(part));
  }
  parts = std::move(out);
}

}  // namespace

void join_model_turns(Request& request) {
  std::vector<Message> out;
  for (Message& message : request.messages) {
    const bool goes_on =
        message.role == Role::kAssistant && !out.empty() && out.back().role == Role::kAssistant;
    if (!goes_on) {
      out.push_back(std::move(message));
      continue;
    }
    for (Part& part : message.parts) out.back().parts.push_back(std::move(part));
  }
  for (Message& message : out)
    if (message.role == Role::kAssistant) join_parts(message.parts, request);
  request.messages = std::move(out);
}

}  // namespace omni::llm::gemini
