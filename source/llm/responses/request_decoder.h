// Responses requests into the neutral form (platform.openai.com/docs/api-reference/responses).
#pragma once

#include <optional>
#include <string_view>

#include "source/llm/call_error.h"
#include "source/llm/request.h"

namespace omni::llm::responses {

std::optional<CallError> decode_request(std::string_view body, Request& out);

// A request of this dialect may rest on what its provider keeps: an earlier response, a
// conversation, a prompt template. The error for every other target.
std::optional<CallError> needs_provider(const Request& request);

}  // namespace omni::llm::responses
