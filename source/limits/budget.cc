#include "source/limits/budget.h"

#include <absl/time/civil_time.h>

#include <array>

namespace omni {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"daily", "weekly", "monthly"};
constexpr int64_t kSecondsPerDay = 86400;
// 1970 began on a Thursday, three days after a Monday.
constexpr int64_t kDaysAfterMonday = 3;

int64_t floor_of(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

}  // namespace

std::string_view name_of(BudgetPeriod period) { return kNames[static_cast<size_t>(period)]; }

std::optional<BudgetPeriod> budget_period_from(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<BudgetPeriod>(i);
  return std::nullopt;
}

int64_t period_number(BudgetPeriod period, absl::Time time) {
  const int64_t day = floor_of(absl::ToUnixSeconds(time), kSecondsPerDay);
  switch (period) {
    case BudgetPeriod::kDaily:
      return day;
    case BudgetPeriod::kWeekly:
      return floor_of(day + kDaysAfterMonday, 7);
    case BudgetPeriod::kMonthly:
      return absl::ToCivilMonth(time, absl::UTCTimeZone()) - absl::CivilMonth(1970, 1);
  }
  return 0;
}

absl::Time period_end(BudgetPeriod period, int64_t number) {
  switch (period) {
    case BudgetPeriod::kDaily:
      return absl::FromUnixSeconds((number + 1) * kSecondsPerDay);
    case BudgetPeriod::kWeekly:
      return absl::FromUnixSeconds(((number + 1) * 7 - kDaysAfterMonday) * kSecondsPerDay);
    case BudgetPeriod::kMonthly:
      return absl::FromCivil(absl::CivilMonth(1970, 1) + (number + 1), absl::UTCTimeZone());
  }
  return absl::InfiniteFuture();
}

bool is_first_in(std::atomic<int64_t>& told, int64_t period) {
  int64_t before = told.load(std::memory_order_relaxed);
  // A clock that was set back tells once more rather than never again.
  while (before != period + 1 && before != period + 2)
    if (told.compare_exchange_weak(before, period + 1, std::memory_order_relaxed)) return true;
  return false;
}

}  // namespace omni
