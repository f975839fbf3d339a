// The neutral form into Responses requests.
#pragma once

#include "source/llm/codec.h"

namespace omni::llm::responses {

EncodeResult encode_request(const Request& request, const RequestOptions& options);

}  // namespace omni::llm::responses
