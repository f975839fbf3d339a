// Anthropic's model listing (platform.claude.com/docs/en/api/models/list): pages of `limit` models,
// before or after a given one.
#pragma once

#include <absl/types/span.h>

#include <string>
#include <variant>

#include "source/llm/model_list.h"

namespace omni::llm::anthropic {

std::variant<std::string, CallError> render_models(absl::Span<const ListedModel> models,
                                                   const ListQuery& query);
std::string render_model(const ListedModel& model);

}  // namespace omni::llm::anthropic
