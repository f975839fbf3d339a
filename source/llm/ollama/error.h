// Ollama's error object (github.com/ollama/ollama, docs/api.md).
#pragma once

#include <string>

#include "source/llm/error.h"

namespace omni::llm::ollama {

// {"error":"message"}; in a stream a line of its own.
std::string render_error(const Error& error);

}  // namespace omni::llm::ollama
