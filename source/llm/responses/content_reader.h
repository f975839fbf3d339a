// The content of a message or of a tool's output: a string, or a list of parts.
#pragma once

#include <vector>

#include "source/llm/field_walk.h"
#include "source/llm/request.h"

namespace omni::llm::responses {

// Appends to `out`. False when `walk` has an error.
bool read_content(FieldWalk& walk, Request& request, const json::Skimmed& value, const Place& at,
                  std::vector<Part>& out);

}  // namespace omni::llm::responses
