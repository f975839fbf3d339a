// OpenAI's older text completions (platform.openai.com/docs/api-reference/completions) as a chat of
// one user message, which is what today's models are asked by.
#pragma once

#include <optional>
#include <string_view>

#include "source/llm/call_error.h"
#include "source/llm/request.h"

namespace omni::llm::openai {

// What a chat cannot do is refused: several prompts, token ids, a suffix, the best of many.
std::optional<CallError> decode_text_request(std::string_view body, Request& out);

}  // namespace omni::llm::openai
