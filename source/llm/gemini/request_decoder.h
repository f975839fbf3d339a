// GenerateContent requests into the neutral form
// (ai.google.dev/api/generate-content#request-body).
#pragma once

#include <optional>
#include <string_view>

#include "source/llm/call_error.h"
#include "source/llm/request.h"

namespace omni::llm::gemini {

std::optional<CallError> decode_request(std::string_view body, Request& out);

}  // namespace omni::llm::gemini
