// The neutral form into Chat Completions requests.
#pragma once

#include "source/llm/codec.h"

namespace omni::llm::openai {

EncodeResult encode_request(const Request& request, const RequestOptions& options);

}  // namespace omni::llm::openai
