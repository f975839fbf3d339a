// OpenAI's error object (platform.openai.com/docs/guides/error-codes).
#pragma once

#include <string>

#include "source/llm/error.h"

namespace omni::llm::openai {

// {"error":{"message","type","param","code"}}. An empty type is chosen by status.
std::string render_error(const Error& error);

}  // namespace omni::llm::openai
