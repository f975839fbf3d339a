// `generationConfig` of a request (ai.google.dev/api/generate-content#generationconfig).
#pragma once

#include <string_view>

#include "source/llm/field_walk.h"
#include "source/llm/request.h"

namespace omni::llm::gemini {

// `candidateCount`: more than any model takes; many take one only, and say so themselves.
inline constexpr int kMostCandidates = 8;

// In front of the keys of Request::extras that stood in `generationConfig`, `toolConfig` and
// `toolConfig.functionCallingConfig`.
inline constexpr std::string_view kInConfig = "generationConfig.";
inline constexpr std::string_view kInToolConfig = "toolConfig.";
inline constexpr std::string_view kInCalling = "toolConfig.functionCallingConfig.";

// False when an error stands in `walk`.
bool read_config(FieldWalk& walk, const json::Skimmed& value, const Place& place, Request& request);

// A member without a neutral meaning.
bool read_extra(FieldWalk& walk, std::string_view prefix, const json::Skimmed& value,
                const Place& place, Request& request);

}  // namespace omni::llm::gemini
