// What Ollama servers have in memory (docs.ollama.com/api/ps).
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>

#include <string>
#include <string_view>

namespace omni::llm::ollama {

// Appends the models of one server's answer to the items of a JSON array, each named
// `PROVIDER/MODEL` and otherwise as it was told. `visible` is asked by the server's own name. Not
// OK, and `items` as it was, when the answer cannot be read.
absl::Status append_running(std::string_view provider, std::string_view body,
                            absl::FunctionRef<bool(std::string_view model)> visible,
                            std::string& items);

// The answer for a client.
std::string render_running(std::string_view items);

// "llama3:latest" is what servers call a model that goes by "llama3".
std::string_view without_default_tag(std::string_view model);

}  // namespace omni::llm::ollama
