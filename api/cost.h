// What an exchange costs its owner.
#pragma once

#include <cstdint>
#include <optional>

#include "api/exchange.h"
#include "source/llm/cost.h"

namespace omni {

// In nanodollars, with `usage` as it is known by now: the answer's tokens, and for each target that
// was asked beside it in vain the prompt once more, which its provider bills as well. Nullopt when
// nobody answered or the model has no price.
inline std::optional<int64_t> cost_of(const Facts& facts, const llm::Usage& usage) {
  const Answer& answer = facts.answer;
  if (answer.provider == nullptr || !usage.is_known()) return std::nullopt;
  const Price* price = llm::find_price(*answer.provider, answer.model);
  if (price == nullptr) return std::nullopt;
  int64_t cost = llm::cost_of(*price, usage);
  for (const Attempt& attempt : facts.attempts) {
    if (attempt.reason != kHedgeLost) continue;
    if (const Price* lost = llm::find_price(*attempt.provider, attempt.model))
      cost += llm::cost_of(*lost, {.input = usage.input});
  }
  return cost;
}

}  // namespace omni
