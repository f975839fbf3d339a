// One message of a chat request (github.com/ollama/ollama, api/types.go: Message).
#pragma once

#include "source/llm/call_ids.h"
#include "source/llm/field_walk.h"
#include "source/llm/request.h"

namespace omni::llm::ollama {

// False when an error stands in `walk`.
bool read_message(FieldWalk& walk, CallIds& ids, const json::Skimmed& value, const Place& place,
                  Request& request);
// An image in Base64, as a data: URL too.
bool read_image(FieldWalk& walk, const json::Skimmed& value, const Place& place, Part& out);

}  // namespace omni::llm::ollama
