// Asking for JSON in words, where a vendor's JSON mode is not enough or there is none.
#pragma once

#include <string_view>

#include "source/llm/request.h"

namespace omni::llm {

// Needs no escapes.
inline constexpr std::string_view kJsonNote =
    "Answer with one JSON object and nothing else: no other text, no code fence.";

// OpenAI's dialects refuse `json_object` where nothing that is said contains the word JSON ("must
// contain the word 'json' in some form", platform.openai.com/docs/guides/structured-outputs).
// Their own clients know; others ask for the form alone.
bool needs_json_note(const Request& request);

}  // namespace omni::llm
