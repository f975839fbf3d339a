// The content blocks of a Messages request.
#pragma once

#include <vector>

#include "source/llm/field_walk.h"
#include "source/llm/request.h"

namespace omni::llm::anthropic {

// Reads a string or an array of blocks and appends their parts. False when `walk` has an error.
bool read_content(FieldWalk& walk, const json::Skimmed& value, const Place& place, Request& request,
                  std::vector<Part>& out);

}  // namespace omni::llm::anthropic
