// One message of a Chat Completions request.
#pragma once

#include "source/llm/field_walk.h"
#include "source/llm/request.h"

namespace omni::llm::openai {

// False when `walk` has an error.
bool read_message(FieldWalk& walk, const json::Skimmed& value, const Place& place,
                  Request& request);

}  // namespace omni::llm::openai
