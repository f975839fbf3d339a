// Requests to /api/chat into the neutral form (github.com/ollama/ollama, docs/api.md).
#pragma once

#include <optional>
#include <string_view>

#include "source/llm/call_error.h"
#include "source/llm/request.h"

namespace omni::llm::ollama {

// In front of the keys of Request::extras that stood in `options`.
inline constexpr std::string_view kInOptions = "options.";

std::optional<CallError> decode_request(std::string_view body, Request& out);
// Of /api/generate, as a chat of one user message. What a chat cannot do is refused: a suffix, a
// template, raw prompts and the context of an earlier answer.
std::optional<CallError> decode_generate_request(std::string_view body, Request& out);

}  // namespace omni::llm::ollama
