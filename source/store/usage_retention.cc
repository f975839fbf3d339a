#include "source/store/usage_retention.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "source/base/status.h"
#include "source/store/tables.h"
#include "source/store/usage_totals.h"

namespace omni {
namespace {

// Erases rows from the front while their keys are in front of `end`; at most `limit`, less those
// erased before.
absl::Status erase_front(Update& update, TableId table, std::string from, std::string_view end,
                         size_t limit, size_t& erased) {
  while (erased < limit) {
    OMNI_ASSIGN_OR_RETURN(const std::optional<std::string> key, update.next(table, from));
    if (!key || *key >= end) return absl::OkStatus();
    OMNI_RETURN_IF_ERROR(update.erase(table, *key));
    ++erased;
    from = *key;
  }
  return absl::OkStatus();
}

}  // namespace

UsageRetention::UsageRetention(LmdbStore& store, Dispatcher& home, Bounds bounds)
    : store_(store), home_(home), bounds_(bounds), timer_(home.make_timer([this] { step(); })) {
  timer_->arm(kPause);
}

void UsageRetention::step() {
  if (pending_ != nullptr) return;
  const auto is_too_large = std::make_shared<bool>(false);
  pending_ = store_.read(
      home_,
      [&store = store_, bytes = bounds_.bytes, is_too_large](const Store&) -> absl::Status {
        OMNI_ASSIGN_OR_RETURN(const LmdbStore::Size size, store.size_of(kUsageTable));
        *is_too_large = size.bytes > bytes;
        return absl::OkStatus();
      },
      // What cannot be measured is held against its age alone.
      [this, is_too_large](const absl::Status&) { measured(*is_too_large); });
}

void UsageRetention::measured(bool is_too_large) {
  const absl::Time now = home_.clock().now();
  // Of too many the oldest go whatever their age, but none of the last minute, which says what it
  // is.
  const absl::Time oldest = is_too_large ? now - absl::Minutes(1) : now - bounds_.age;
  const int64_t minute =
      totals_number(TotalsPeriod::kMinute, absl::ToUnixMicros(now - kMinutesKept));
  const auto erased = std::make_shared<size_t>(0);
  pending_ = store_.update(
      home_,
      [end = usage_key(std::max<int64_t>(absl::ToUnixMicros(oldest), 0), 0),
       minutes = totals_prefix(TotalsPeriod::kMinute, 0),
       end_of_minutes = totals_prefix(TotalsPeriod::kMinute, minute),
       erased](Update& update) -> absl::Status {
        *erased = 0;
        OMNI_RETURN_IF_ERROR(erase_front(update, kUsageTable, "", end, kStepRows, *erased));
        return erase_front(update, kUsageTotalsTable, minutes, end_of_minutes, kStepRows, *erased);
      },
      [this, erased](const absl::Status& status) { ended(status.ok() && *erased == kStepRows); });
}

void UsageRetention::ended(bool is_more) {
  pending_.reset();
  timer_->arm(is_more ? kStepPause : kPause);
}

}  // namespace omni
