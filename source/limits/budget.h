// Money that a key may spend in a day, a week or a month.
#pragma once

#include <absl/time/time.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "source/limits/tally.h"

namespace omni {

// In UTC; weeks begin on Monday.
enum class BudgetPeriod : uint8_t { kDaily, kWeekly, kMonthly };
// "daily", "weekly", "monthly".
std::string_view name_of(BudgetPeriod period);
std::optional<BudgetPeriod> budget_period_from(std::string_view name);

// The number of the period that `time` lies in; it counts up by one.
int64_t period_number(BudgetPeriod period, absl::Time time);
// When the period of that number ends.
absl::Time period_end(BudgetPeriod period, int64_t number);

// Billionths of a US dollar.
inline constexpr int64_t kNanosPerDollar = 1'000'000'000;

struct MoneyBudget {
  static constexpr double kMostDollars = 1'000'000;

  int64_t limit_nanos = 0;
  BudgetPeriod period = BudgetPeriod::kMonthly;
  int64_t warn_nanos = 0;  // From here on its owner is warned.

  bool operator==(const MoneyBudget&) const = default;
};

// What was spent, shared by all workers and configurations. A period's number is that of
// period_number().
struct alignas(64) SpendCell {
  using Money = Tally<51>;  // Two million dollars.
  using Count = Tally<32>;

  Money spent;     // Nanodollars.
  Count unpriced;  // Answers of models without a price: what they cost is in nobody's sum.
  // One more than the period in which a warning was given.
  std::atomic<int64_t> near_limit_told{0}, unpriced_told{0};
};

// True for one caller in each period.
bool is_first_in(std::atomic<int64_t>& told, int64_t period);

}  // namespace omni
