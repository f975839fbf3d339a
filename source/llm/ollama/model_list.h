// Ollama's listings (docs.ollama.com/api: tags, show, version).
#pragma once

#include <absl/types/span.h>

#include <string>
#include <string_view>
#include <variant>

#include "source/llm/model_list.h"

namespace omni::llm::ollama {

// The version of Ollama whose API is spoken here; clients compare it with what they need.
constexpr std::string_view kApiVersion = "0.12.6";

std::string render_models(absl::Span<const ListedModel> models, const ListQuery& query);
// The answer of /api/show.
std::string render_model(const ListedModel& model, const ListQuery& query);

// Reads the body of /api/show: the name in `model`, or `name` as it was once called.
std::variant<std::string, CallError> read_show_request(std::string_view body);

}  // namespace omni::llm::ollama
