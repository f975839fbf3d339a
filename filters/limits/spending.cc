#include "filters/limits/spending.h"

#include <fmt/format.h>

#include <algorithm>

namespace omni::filters {
namespace {

double dollars(int64_t nanos) {
  return static_cast<double>(nanos) / static_cast<double>(kNanosPerDollar);
}

}  // namespace

int64_t Spending::spent(absl::Time now) const {
  return static_cast<int64_t>(cell_.spent.read(number(now)).count);
}

int64_t Spending::seconds_left(absl::Time now) const {
  return std::max<int64_t>(1, absl::ToInt64Seconds(period_end(budget_.period, number(now)) - now));
}

void Spending::charge(int64_t nanos, absl::Time now) {
  if (nanos > charged_)
    period_ = cell_.spent.add(number(now), static_cast<uint64_t>(nanos - charged_)).period;
  else if (nanos < charged_)
    cell_.spent.give_back(period_, static_cast<uint64_t>(charged_ - nanos));
  charged_ = nanos;
}

void Spending::count_unpriced(absl::Time now) { cell_.unpriced.add(number(now), 1); }

bool Spending::is_first_near(absl::Time now) const {
  return is_near(now) && is_first_in(cell_.near_limit_told, number(now));
}

bool Spending::is_first_unpriced(absl::Time now) const {
  return is_first_in(cell_.unpriced_told, number(now));
}

std::string Spending::limit_text() const {
  return fmt::format("{:.2f} USD {}", dollars(budget_.limit_nanos), name_of(budget_.period));
}

std::string Spending::text(absl::Time now) const {
  return fmt::format("{:.2f} of {}", dollars(spent(now)), limit_text());
}

}  // namespace omni::filters
