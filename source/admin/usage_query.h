// The parameters of /api/usage/..., read from a query.
#pragma once

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "source/admin/usage_view.h"
#include "source/store/usage_reader.h"

namespace omni {

// In all of them a bad parameter is kInvalidArgument, in words that begin with its name.

// `key` or `apiKey`, `model`, `provider`, `connection` or `account`, `status` (ok, error or a
// number), `from`, `to`, `limit` (1 to 1000), `cursor`. Times are RFC 3339, YYYY-MM-DD (UTC) or
// milliseconds since 1970; `to` is not included, but a whole day is.
absl::StatusOr<UsageQuery> read_usage_query(std::string_view target);

// The days of `from` and `to`, both included; without both, all months.
struct HistoryRange {
  TotalsPeriod period = TotalsPeriod::kMonth;
  int64_t from = 0, to = 0;
};
absl::StatusOr<HistoryRange> read_history_range(std::string_view target, absl::Time now);

// `period` (YYYY-MM or YYYY-MM-DD; without it, this month) and `by` (without it, model).
struct BreakdownRange {
  TotalsPeriod period = TotalsPeriod::kMonth;
  int64_t number = 0;
  std::string name;
  UsageBy by = UsageBy::kModel;
};
absl::StatusOr<BreakdownRange> read_breakdown_range(std::string_view target, absl::Time now);

}  // namespace omni
