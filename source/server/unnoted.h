// Attempts that are in no history, because the exchange did not outlive them.
#pragma once

#include <algorithm>
#include <string_view>

#include "api/exchange.h"

namespace omni {

// Calls `each` with those, and with why they ended. While the exchange's filters live.
template <class Each>
void each_unnoted(const Facts& facts, Each each) {
  const std::string_view reason =
      facts.error_code.empty() ? "client_left" : std::string_view(facts.error_code);
  for (const Underway& underway : facts.trail.underway) {
    if (underway.target == nullptr) continue;
    const auto is_it = [&](const Attempt& attempt) {
      return attempt.provider == underway.target->provider &&
             attempt.model == underway.target->model && attempt.start_us >= underway.began_us;
    };
    if (std::none_of(facts.attempts.begin(), facts.attempts.end(), is_it)) each(underway, reason);
  }
}

}  // namespace omni
