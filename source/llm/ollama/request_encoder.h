// The neutral form into requests to /api/chat.
#pragma once

#include "source/llm/codec.h"

namespace omni::llm::ollama {

EncodeResult encode_request(const Request& request, const RequestOptions& options);

}  // namespace omni::llm::ollama
