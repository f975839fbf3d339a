// UsageMetadata (ai.google.dev/api/generate-content#UsageMetadata).
#pragma once

#include <absl/status/status.h>

#include <string>

#include "source/json/skim.h"
#include "source/llm/usage.h"

namespace omni::llm::gemini {

// The prompt's count has the cached tokens in it, that of the candidates has no thoughts in it.
absl::Status read_usage(const json::Skimmed& value, Usage& out);
// {"promptTokenCount":...}.
void append_usage(std::string& out, const Usage& usage);

}  // namespace omni::llm::gemini
