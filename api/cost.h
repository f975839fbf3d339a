// What an exchange costs its owner.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "api/exchange.h"
#include "source/llm/cost.h"

namespace omni {

// Of the model that answered; null when nobody did, or it has none.
inline const Price* price_of(const Answer& answer) {
  return answer.provider == nullptr ? nullptr : llm::find_price(*answer.provider, answer.model);
}

// The tier that a target of `spoken` was asked for: the client's, where the target can be told it.
inline ServiceTier asked_tier(const Facts& facts, Dialect spoken) {
  const auto writes_chats = [](Dialect dialect) {
    return dialect == Dialect::kOpenai || dialect == Dialect::kOpenaiResponses;
  };
  const Dialect client = facts.call.dialect();
  const bool is_told = client == spoken || (writes_chats(client) && writes_chats(spoken));
  return is_told ? facts.call.service_tier() : ServiceTier::kUnsaid;
}

// The tier that the answer is billed by: what it says itself wins over what was asked for.
inline ServiceTier billed_tier(const Facts& facts, const llm::Usage& usage) {
  if (usage.tier != ServiceTier::kUnsaid) return usage.tier;
  if (facts.answer.tier != ServiceTier::kUnsaid) return facts.answer.tier;
  return asked_tier(facts, facts.answer.dialect);
}

// What the answer used, as it is known by now: of a plain one upstream has read it before its head
// goes out.
inline const llm::Usage& usage_of_answer(const Facts& facts) {
  return facts.usage.is_known() ? facts.usage : facts.answer.usage;
}

// What the answer and all that was asked beside it used, as it is known by now.
inline llm::Usage whole_usage(const Facts& facts, const llm::Usage& answer) {
  llm::Usage out = answer;
  const auto add = [](int64_t& sum, int64_t more) {
    if (more >= 0) sum = std::max<int64_t>(sum, 0) + more;
  };
  for (const Aside& aside : facts.asides) {
    add(out.input, aside.usage.input);
    add(out.output, aside.usage.output);
    add(out.cached, aside.usage.cached);
    add(out.cache_write, aside.usage.cache_write);
    add(out.reasoning, aside.usage.reasoning);
    out.estimated |= aside.usage.estimated;
  }
  return out;
}

// In nanodollars.
struct Cost {
  int64_t nanos = 0;
  bool is_whole = true;  // False: something that was used has no price.
};

// Nullopt when nothing was asked aside, or nothing came of it.
inline std::optional<Cost> cost_of_asides(const Facts& facts) {
  std::optional<Cost> made;
  for (const Aside& aside : facts.asides) {
    if (!aside.usage.is_known()) continue;
    Cost& out = made ? *made : made.emplace();
    const Price* price = llm::find_price(*aside.provider, aside.model);
    const std::optional<int64_t> nanos = llm::cost_of(price, aside.usage);
    out.nanos += nanos.value_or(0);
    out.is_whole &= nanos.has_value();
  }
  return made;
}

// With `usage` as it is known by now: the answer's tokens, for each target that was asked beside it
// in vain the prompt once more, which its provider bills as well, and what was asked aside. Nullopt
// when nobody answered. `price` is price_of() the answer.
inline std::optional<Cost> known_cost_of(const Facts& facts, const llm::Usage& usage,
                                         const Price* price) {
  const Answer& answer = facts.answer;
  const bool is_answered = answer.provider != nullptr && usage.is_known();
  const std::optional<Cost> aside = cost_of_asides(facts);
  if (!is_answered) return aside;
  llm::Usage billed = usage;
  billed.tier = billed_tier(facts, usage);
  const std::optional<int64_t> nanos = llm::cost_of(price, billed);
  Cost out = aside.value_or(Cost());
  out.nanos += nanos.value_or(0);
  out.is_whole &= nanos.has_value();
  for (const Attempt& attempt : facts.attempts) {
    if (attempt.reason != kHedgeLost) continue;
    if (const Price* lost = llm::find_price(*attempt.provider, attempt.model))
      out.nanos += llm::cost_of(
          *lost, {.input = usage.input,
                  .tier = asked_tier(facts, spoken_to(*attempt.provider, facts.call.dialect()))});
  }
  return out;
}

// The same where all of it has a price, in nanodollars.
inline std::optional<int64_t> cost_of(const Facts& facts, const llm::Usage& usage,
                                      const Price* price) {
  const std::optional<Cost> known = known_cost_of(facts, usage, price);
  return known && known->is_whole ? std::optional(known->nanos) : std::nullopt;
}

inline std::optional<int64_t> cost_of(const Facts& facts, const llm::Usage& usage) {
  return cost_of(facts, usage, price_of(facts.answer));
}

}  // namespace omni
