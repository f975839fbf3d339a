// Probabilities of tokens in OpenAI's form, which Event::kLogprobs has
// (platform.openai.com/docs/api-reference/chat/object: choices[].logprobs).
#pragma once

#include <string>
#include <string_view>

#include "source/llm/request.h"

namespace omni::llm {

// {"content":[...],"refusal":null} around entries with commas between them.
std::string logprobs_of(std::string_view entries);

// Appends the entries of `content` that `logprobs` has, with commas between them and what stands
// in `entries` already.
void append_logprob_entries(std::string& entries, RawJson logprobs);

}  // namespace omni::llm
