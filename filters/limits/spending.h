// One exchange's part of what its key spends.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <string>

#include "api/exchange.h"
#include "source/limits/key_limits.h"

namespace omni::filters {

// Money is counted as it is spent, while the answer runs, never before: what others see is what has
// been spent until now. Of a key with a budget. One thread.
class Spending {
 public:
  // `limits` outlives this and has a budget.
  explicit Spending(const KeyLimits& limits) : budget_(*limits.budget), cell_(*limits.spend) {}

  // Nothing is left in the period of `now`.
  bool is_over(absl::Time now) const { return spent(now) >= budget_.limit_nanos; }
  bool is_near(absl::Time now) const { return spent(now) >= budget_.warn_nanos; }
  int64_t spent(absl::Time now) const;
  int64_t limit() const { return budget_.limit_nanos; }
  // Until the period ends; at least 1.
  int64_t seconds_left(absl::Time now) const;

  // The exchange has cost so much by now; less than before when that was an estimate.
  void charge(int64_t nanos, absl::Time now);
  // What it cost is not known.
  void count_unpriced(absl::Time now);

  // Each is true for one exchange in each period.
  bool is_first_near(absl::Time now) const;
  bool is_first_unpriced(absl::Time now) const;

  // "50.00 USD monthly".
  std::string limit_text() const;
  // "41.20 of 50.00 USD monthly".
  std::string text(absl::Time now) const;

 private:
  int64_t number(absl::Time now) const { return period_number(budget_.period, now); }

  const MoneyBudget& budget_;
  SpendCell& cell_;
  int64_t charged_ = 0;
  uint64_t period_ = 0;  // That the last charge went to.
};

}  // namespace omni::filters
