// Gemini's model listing (ai.google.dev/api/models): pages of pageSize models, the next one found
// by its pageToken.
#pragma once

#include <absl/types/span.h>

#include <string>
#include <variant>

#include "source/llm/model_list.h"

namespace omni::llm::gemini {

std::variant<std::string, CallError> render_models(absl::Span<const ListedModel> models,
                                                   const ListQuery& query);
std::string render_model(const ListedModel& model);

}  // namespace omni::llm::gemini
