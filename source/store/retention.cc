#include "source/store/retention.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "source/base/status.h"
#include "source/store/receipt.h"
#include "source/store/receipt_block.h"
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

constexpr absl::Duration kMinutesKept = absl::Hours(1);  // Totals by the minute.

int64_t micros(absl::Time time) { return std::max<int64_t>(absl::ToUnixMicros(time), 0); }

absl::Status erase_minutes(Update& update, absl::Time now, size_t limit, size_t& erased) {
  const int64_t minute =
      totals_number(TotalsPeriod::kMinute, absl::ToUnixMicros(now - kMinutesKept));
  return erase_front(update, kUsageTotalsTable, totals_prefix(TotalsPeriod::kMinute, 0),
                     totals_prefix(TotalsPeriod::kMinute, minute), limit, erased);
}

}  // namespace

Retention::Rule Retention::of_usage() {
  return {.table = kUsageTable,
          .key_at = [](absl::Time time) { return usage_key(micros(time), 0); },
          .erase_more = erase_minutes};
}

Retention::Rule Retention::of_receipts() {
  return {.table = kReceiptsTable,
          .step_rows = 1000 / kMostInBlock,
          .key_at =
              [](absl::Time time) {
                std::string key(ReceiptId::kKeyBytes, '\0');
                ReceiptId{.ms = micros(time) / 1000}.write_key(key.data());
                return key;
              },
          .erase_more = nullptr};
}

Retention::Retention(LmdbStore& store, Dispatcher& home, Rule rule, Bounds bounds)
    : store_(store),
      home_(home),
      rule_(rule),
      bounds_(bounds),
      timer_(home.make_timer([this] { step(); })) {
  timer_->arm(kPause);
}

void Retention::step() {
  if (pending_ != nullptr) return;
  const auto is_too_large = std::make_shared<bool>(false);
  pending_ = store_.read(
      home_,
      [&store = store_, table = rule_.table, bytes = bounds_.bytes,
       is_too_large](const Store&) -> absl::Status {
        OMNI_ASSIGN_OR_RETURN(const LmdbStore::Size size, store.size_of(table));
        *is_too_large = size.bytes > bytes;
        return absl::OkStatus();
      },
      // What cannot be measured is held against its age alone.
      [this, is_too_large](const absl::Status&) { measured(*is_too_large); });
}

void Retention::measured(bool is_too_large) {
  const absl::Time now = home_.clock().now();
  // Of too many the oldest go whatever their age, but none of the last minute, which says what it
  // is.
  const absl::Time oldest = is_too_large ? now - absl::Minutes(1) : now - bounds_.age;
  const auto erased = std::make_shared<size_t>(0);
  pending_ = store_.update(
      home_,
      [rule = rule_, end = rule_.key_at(oldest), now, erased](Update& update) -> absl::Status {
        *erased = 0;
        OMNI_RETURN_IF_ERROR(erase_front(update, rule.table, "", end, rule.step_rows, *erased));
        if (rule.erase_more == nullptr) return absl::OkStatus();
        return rule.erase_more(update, now, rule.step_rows, *erased);
      },
      [this, erased](const absl::Status& status) {
        ended(status.ok() && *erased == rule_.step_rows);
      });
}

void Retention::ended(bool is_more) {
  pending_.reset();
  timer_->arm(is_more ? kStepPause : kPause);
}

}  // namespace omni
