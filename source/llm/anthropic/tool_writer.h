// The tools of a Messages request, and which of them must be called.
#pragma once

#include <optional>
#include <string_view>

#include "source/json/builder.h"
#include "source/llm/call_error.h"
#include "source/llm/parts.h"

namespace omni::llm::anthropic {

// Where an answer of a form is asked for, it is asked for as a call of this.
inline constexpr std::string_view kFormatTool = "json_answer";
inline bool has_format_tool(const Request& request) {
  return request.format.kind == OutputFormat::Kind::kSchema;
}

// `tools` and `tool_choice`, where there are any. An error that stands already stays.
void write_tools(json::Builder& json, const Request& request, Dropped& dropped,
                 std::optional<CallError>& error);

}  // namespace omni::llm::anthropic
