// Tools and the choice among them.
#pragma once

#include "source/llm/field_walk.h"
#include "source/llm/request.h"

namespace omni::llm::responses {

// Each is false when the walk has an error.
bool read_tool(FieldWalk& walk, Request& request, const json::Skimmed& value, const Place& at);
// A choice of a hosted tool has no neutral form and is kept as an extra.
bool read_tool_choice(FieldWalk& walk, Request& request, const json::Skimmed& value,
                      const Place& at);
bool read_extra(FieldWalk& walk, Request& request, std::string_view key, const json::Skimmed& value,
                const Place& at);

}  // namespace omni::llm::responses
