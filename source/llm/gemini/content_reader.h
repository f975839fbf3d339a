// One Content of a request (ai.google.dev/api/caching#Content) into neutral messages.
#pragma once

#include "source/llm/call_ids.h"
#include "source/llm/field_walk.h"
#include "source/llm/request.h"

namespace omni::llm::gemini {

// False when an error stands in `walk`. Function responses become messages of their own, in front
// of what else their Content says.
bool read_content(FieldWalk& walk, CallIds& ids, const json::Skimmed& value, const Place& place,
                  Request& request);
// The system's instruction: a Content, or the text itself.
bool read_system(FieldWalk& walk, const json::Skimmed& value, const Place& place, Request& request);

}  // namespace omni::llm::gemini
