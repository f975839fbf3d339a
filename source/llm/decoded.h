// What a call's body says in neutral form.
#pragma once

#include <optional>
#include <string>

#include "source/llm/codec.h"

namespace omni::llm {

// `request` is good unless there is an error. Lives, and its views with it, as long as the call.
struct Decoded {
  std::string text;  // What the views are of, where that is not the call's body.
  Request request;
  std::optional<CallError> error;
};

}  // namespace omni::llm
