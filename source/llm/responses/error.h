// Errors of Responses: the plain ones are OpenAI's
// (platform.openai.com/docs/guides/error-codes), in a stream they are an event.
#pragma once

#include <string>

#include "source/llm/error.h"

namespace omni::llm::responses {

// The `code` of a failed response: the vendor's word where there is one.
std::string failure_code(const Error& error);
// An event of type `error`. Its members stand as the reference has them and, as the vendor's
// servers send and its libraries look for, in an `error` object too.
std::string render_stream_error(const Error& error);

}  // namespace omni::llm::responses
