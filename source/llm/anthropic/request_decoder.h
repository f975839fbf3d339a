// Messages requests into the neutral form (docs.claude.com/en/api/messages).
#pragma once

#include <optional>
#include <string_view>

#include "source/llm/call_error.h"
#include "source/llm/request.h"

namespace omni::llm::anthropic {

std::optional<CallError> decode_request(std::string_view body, Request& out);

}  // namespace omni::llm::anthropic
