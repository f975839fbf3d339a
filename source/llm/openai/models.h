// OpenAI's model listing (platform.openai.com/docs/api-reference/models), with what the catalogue
// knows beside it: limits, modalities, prices per million tokens.
#pragma once

#include <absl/types/span.h>

#include <string>

#include "source/llm/model_list.h"

namespace omni::llm::openai {

// {"object":"list","data":[...]}
std::string render_models(absl::Span<const ListedModel> models);
std::string render_model(const ListedModel& model);

}  // namespace omni::llm::openai
