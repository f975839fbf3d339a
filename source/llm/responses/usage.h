// Tokens as Responses counts them.
#pragma once

#include <absl/status/status.h>

#include <string>

#include "source/json/skim.h"
#include "source/llm/usage.h"

namespace omni::llm::responses {

// input_tokens includes cached ones, output_tokens reasoning.
absl::Status read_usage(const json::Skimmed& value, Usage& usage);
void append_usage(std::string& out, const Usage& usage);

}  // namespace omni::llm::responses
