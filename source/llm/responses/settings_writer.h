// The parts of a request that an answer repeats: tools, choice, text and reasoning settings.
#pragma once

#include "source/json/builder.h"
#include "source/llm/request.h"
#include "source/llm/tool_names.h"

namespace omni::llm::responses {

// `request.tools` as an array's items. Hosted tools must be this dialect's own. With `sent` names
// and schemas become what the server takes; an answer repeats what the client wrote.
void write_tools(json::Builder& json, const Request& request, const NameRule* sent = nullptr);
// The value alone: the key is written. No choice is "auto".
void write_tool_choice(json::Builder& json, const Request& request, const NameRule* sent = nullptr);
// "format" and "verbosity" where given, for the open object.
void write_text_config(json::Builder& json, const Request& request);
// The word, or empty.
std::string_view effort_word(const Request& request);
const Extra* find_extra(const Request& request, std::string_view key);

}  // namespace omni::llm::responses
