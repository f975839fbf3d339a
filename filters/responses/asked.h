// What a request of the Responses API says about being kept
// (platform.openai.com/docs/api-reference/responses/create).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "source/llm/call_error.h"

namespace omni::filters {

struct Asked {
  std::string previous_id;  // Empty: it begins a conversation.
  bool store = true;
  bool in_background = false;
  std::string_view input;  // A view of the body.
};

// `must` says what `key` has to be.
llm::CallError wrong(std::string_view key, std::string_view must);

// An error names the member that is wrong.
std::optional<llm::CallError> read_asked(std::string_view body, Asked& out);

}  // namespace omni::filters
