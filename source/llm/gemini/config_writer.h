// `generationConfig` of a GenerateContent request.
#pragma once

#include "source/llm/codec.h"
#include "source/llm/parts.h"

namespace omni::llm::gemini {

// The member, where there is anything to say.
void write_config(json::Builder& json, const Request& request, const RequestOptions& options,
                  Dropped& dropped);

}  // namespace omni::llm::gemini
