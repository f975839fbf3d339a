// The operator's system prompt, put into requests where they stand.
#pragma once

#include <string>

#include "source/catalog/dialect.h"

namespace omni::llm {

// Both as they stand between the quotes of a JSON string. Made once, when the configuration loads.
struct SystemPrompt {
  std::string before;  // Goes in front of the client's own instructions ...
  std::string after;   // ... and this behind them; a blank line between. Either may be empty.

  bool is_on() const { return !before.empty() || !after.empty(); }
};

// Joins the prompt to the first instructions that `body` has, or gives it some; nothing else of the
// body changes. A body that is not what `dialect` says stays as it is: its reader will say so.
void add_system_prompt(const SystemPrompt& prompt, Dialect dialect, std::string& body);

}  // namespace omni::llm
