// Words of Gemini's requests and answers (ai.google.dev/api/generate-content).
#pragma once

#include <string>
#include <string_view>

#include "source/llm/event.h"

namespace omni::llm::gemini {

// The vendor's JSON takes a field in camel case and in snake case (protobuf.dev/programming-guides/
// json): `camel` is the former.
bool is_key(std::string_view written, std::string_view camel);

// Whether `model` is of Gemini 3 or later. It thinks by level, those before it by budget
// (ai.google.dev/gemini-api/docs/thinking; all know the budget, so an unknown name gets one), and
// it refuses a step whose first call has no signature.
bool is_third_generation(std::string_view model);

// "image/png" is a picture, "audio/wav" a sound, anything else a file.
PartKind kind_of_type(std::string_view media_type);
// By the extension of a URL's path; empty when it says nothing.
std::string_view type_of_url(std::string_view url);

// Of a candidate. A reason that is not known is no clean end.
StopReason stop_of(std::string_view finish_reason);
std::string_view finish_reason(StopReason stop);

}  // namespace omni::llm::gemini
