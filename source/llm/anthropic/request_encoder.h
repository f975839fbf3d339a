// The neutral form into Messages requests.
#pragma once

#include "source/llm/codec.h"

namespace omni::llm::anthropic {

EncodeResult encode_request(const Request& request, const RequestOptions& options);

}  // namespace omni::llm::anthropic
