// Gemini's Schema into JSON Schema (ai.google.dev/api/caching#Schema).
#pragma once

#include <string>

#include "source/llm/request.h"

namespace omni::llm::gemini {

// `schema` is well-formed. OpenAPI 3.0 as the vendor writes it: types in capitals, `nullable`, and
// numbers that may be strings. JSON Schema comes out as it was.
void append_json_schema(std::string& out, RawJson schema);

}  // namespace omni::llm::gemini
