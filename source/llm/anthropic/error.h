// Anthropic's error object (docs.claude.com/en/api/errors).
#pragma once

#include <string>

#include "source/llm/error.h"

namespace omni::llm::anthropic {

// {"type":"error","error":{"type","message"}}. The type is the vendor's word for the status.
std::string render_error(const Error& error);
// The same as an `error` event.
std::string render_stream_error(const Error& error);

}  // namespace omni::llm::anthropic
