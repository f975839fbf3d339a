// The operator's word on how much models think, put into requests as they go to a provider.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "source/catalog/dialect.h"

namespace omni::llm {

struct Request;

struct ThinkingBudget {
  enum class Mode : uint8_t {
    kPassthrough,  // As the client says.
    kAuto,         // As the model does by itself: what the client says is taken out.
    kCustom,       // `custom_budget`.
    kAdaptive,     // More for long conversations, many tools and long questions.
  };
  static constexpr int64_t kMost = 131072;

  Mode mode = Mode::kPassthrough;
  int64_t custom_budget = 10240;  // Tokens; 0: no thinking.
  int64_t base_budget = 10240;    // kAdaptive: what is multiplied.

  bool is_on() const { return mode != Mode::kPassthrough; }
};

// Tokens, from 0 to kMost, for a request of these modes; null: what it says is not known.
int64_t budget_for(const ThinkingBudget& setting, const Request* request);

// Changes what `body`, a request for `model` in `dialect`, says about thinking, and nothing else.
// An effort is replaced where one is given; a budget is given to models that take one, unless the
// request could not be served with it.
void set_thinking(const ThinkingBudget& setting, int64_t budget, Dialect dialect,
                  std::string_view model, std::string& body);

}  // namespace omni::llm
