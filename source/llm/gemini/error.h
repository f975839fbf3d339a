// The vendor's error object (cloud.google.com/apis/design/errors).
#pragma once

#include <string>
#include <string_view>

#include "source/llm/error.h"

namespace omni::llm::gemini {

// {"error":{"code","message","status"}}; `status` is the word of google.rpc.Code.
std::string render_error(const Error& error);

// An error object inside a stream whose HTTP status was 200.
Error parse_stream_error(std::string_view body);

}  // namespace omni::llm::gemini
