// What the vendor's models differ in.
#pragma once

#include <string_view>

namespace omni::llm::anthropic {

// From Opus 4.7 and generation 5 on, a model takes an effort, and answers 400 to a budget for
// thinking, to temperature, top_p and top_k
// (platform.claude.com/docs/en/about-claude/models/migration-guide).
bool takes_effort_only(std::string_view model);

// From Opus 4.1 and version 4.5 of the others on, `temperature` and `top_p` exclude each other
// ("cannot both be specified for this model"; the same guide).
bool takes_one_sampling(std::string_view model);

}  // namespace omni::llm::anthropic
