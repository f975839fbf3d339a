// GenerateContent requests into the neutral form
// (ai.google.dev/api/generate-content#request-body).
#pragma once

#include <optional>
#include <string_view>

#include "source/llm/call_error.h"
#include "source/llm/request.h"

namespace omni::llm::gemini {

std::optional<CallError> decode_request(std::string_view body, Request& out);

// 400 for what only Google can answer: a request whose prompt begins with content that is cached
// there.
std::optional<CallError> needs_provider(const Request& request);

}  // namespace omni::llm::gemini
