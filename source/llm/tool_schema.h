// A tool's schema as vendors want it, whose rules are narrower than JSON Schema's.
#pragma once

#include <string>

#include "source/llm/request.h"

namespace omni::llm {

// Anthropic refuses an input_schema without `type`; OpenAI's dialects also want `properties`, and
// say "object schema missing properties" of one that has none.
enum class SchemaRule : bool { kTyped, kWithProperties };

// Appends `schema`, or one of an object without members where it is empty. What the rule misses is
// put in front of its members; the rest stays as it was. `schema` is well-formed.
void append_tool_schema(std::string& out, RawJson schema, SchemaRule rule);

}  // namespace omni::llm
