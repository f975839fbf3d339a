// The neutral form into GenerateContent requests.
#pragma once

#include "source/llm/codec.h"

namespace omni::llm::gemini {

// The model and whether to stream stand in the URL, not in the body.
EncodeResult encode_request(const Request& request, const RequestOptions& options);

}  // namespace omni::llm::gemini
