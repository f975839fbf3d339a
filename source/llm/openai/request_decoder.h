// Chat Completions requests into the neutral form
// (platform.openai.com/docs/api-reference/chat/create), with the extensions that other providers of
// the dialect have made common: reasoning_content, reasoning_details, thinking_blocks,
// cache_control, extra_content.google.thought_signature, top_k.
#pragma once

#include <optional>
#include <string_view>

#include "source/llm/call_error.h"
#include "source/llm/request.h"

namespace omni::llm::openai {

std::optional<CallError> decode_request(std::string_view body, Request& out);

}  // namespace omni::llm::openai
