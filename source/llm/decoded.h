// What a call's body says in neutral form.
#pragma once

#include <optional>

#include "source/llm/codec.h"

namespace omni::llm {

// `request` is good unless there is an error. Lives, and its views with it, as long as the call.
struct Decoded {
  Request request;
  std::optional<CallError> error;
};

}  // namespace omni::llm
