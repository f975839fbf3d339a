// LogprobsResult of a candidate (ai.google.dev/api/generate-content#LogprobsResult): the tokens
// that were chosen, and beside each those that were likely as well.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

#include "source/json/builder.h"
#include "source/json/skim.h"

namespace omni::llm::gemini {

// Appends the entries of OpenAI's form, with commas between them.
absl::Status read_logprobs(const json::Skimmed& result, std::string& entries);

// `avgLogprobs` and `logprobsResult` of such entries, for the open candidate.
void write_logprobs(json::Builder& json, std::string_view entries);

}  // namespace omni::llm::gemini
