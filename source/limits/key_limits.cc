#include "source/limits/key_limits.h"

#include <fmt/format.h>

#include <algorithm>

namespace omni {

std::string KeyRules::text() const {
  std::string out = fmt::format("sessions {}", max_sessions);
  for (const RateLimit& rate : rate_limits)
    out += fmt::format(", {}/{} {}", rate.limit, rate.window_seconds, static_cast<int>(rate.of));
  if (budget)
    out +=
        fmt::format(", {}/{} {}", budget->limit_nanos, name_of(budget->period), budget->warn_nanos);
  return out;
}

bool KeyLimits::counts_tokens() const {
  return std::any_of(windows.begin(), windows.end(),
                     [](const RateWindow& window) { return window.rule.of == Measure::kTokens; });
}

KeyLimits KeyCells::attach(std::string_view key_id, const KeyRules& rules) {
  KeyLimits out;
  for (const RateLimit& rule : rules.rate_limits) {
    const std::string name =
        fmt::format("{} {} {}", key_id, rule.window_seconds, static_cast<int>(rule.of));
    out.windows.push_back({rule, windows_.at(name)});
  }
  std::stable_sort(out.windows.begin(), out.windows.end(), [](const auto& a, const auto& b) {
    return a.rule.window_seconds > b.rule.window_seconds;
  });
  out.budget = rules.budget;
  if (rules.budget) out.spend = spends_.at(spend_name(key_id, rules.budget->period));
  if (rules.max_sessions > 0)
    out.sessions = std::make_shared<SessionSlots>(rules.max_sessions, sessions_.at(key_id));
  return out;
}

std::string spend_name(std::string_view key_id, BudgetPeriod period) {
  return fmt::format("{} {}", key_id, name_of(period));
}

}  // namespace omni
