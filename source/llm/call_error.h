// A request that is refused before anything is sent.
#pragma once

#include <string>

namespace omni::llm {

// In the client's own terms.
struct CallError {
  int status = 400;
  std::string code;     // Stable word.
  std::string message;  // Names the field.
  std::string param;
};

}  // namespace omni::llm
