// What an exchange costs its owner.
#pragma once

#include <cstdint>
#include <optional>

#include "api/exchange.h"
#include "source/llm/cost.h"

namespace omni {

// Of the model that answered; null when nobody did, or it has none.
inline const Price* price_of(const Answer& answer) {
  return answer.provider == nullptr ? nullptr : llm::find_price(*answer.provider, answer.model);
}

// In nanodollars, with `usage` as it is known by now: the answer's tokens, and for each target that
// was asked beside it in vain the prompt once more, which its provider bills as well. Nullopt when
// nobody answered or the model has no price. `price` is price_of() its answer.
inline std::optional<int64_t> cost_of(const Facts& facts, const llm::Usage& usage,
                                      const Price* price) {
  if (price == nullptr || !usage.is_known()) return std::nullopt;
  int64_t cost = llm::cost_of(*price, usage);
  for (const Attempt& attempt : facts.attempts) {
    if (attempt.reason != kHedgeLost) continue;
    if (const Price* lost = llm::find_price(*attempt.provider, attempt.model))
      cost += llm::cost_of(*lost, {.input = usage.input});
  }
  return cost;
}

inline std::optional<int64_t> cost_of(const Facts& facts, const llm::Usage& usage) {
  return cost_of(facts, usage, price_of(facts.answer));
}

}  // namespace omni
