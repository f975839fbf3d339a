#include "source/store/usage_log.h"

#include <string_view>

#include "source/base/random.h"
#include "source/base/status.h"
#include "source/store/usage_totals.h"

namespace omni {
namespace {

// The records and, in the same transaction, their sums: the two never disagree.
absl::Status write_usage(Update& update, std::string_view rows) {
  UsageTally tally;
  const auto write_row = [&](std::string_view key, std::string_view value) -> absl::Status {
    OMNI_RETURN_IF_ERROR(update.append(kUsageTable, key, value));
    OMNI_ASSIGN_OR_RETURN(const UsageView record, UsageView::parse(value));
    tally.add(record);
    return absl::OkStatus();
  };
  OMNI_RETURN_IF_ERROR(for_each_row(rows, kUsageKeyBytes, write_row));
  return tally.write(update);
}

}  // namespace

UsageLog::Stats::Stats(StatScope& scope)
    : RowLog::Stats{
          .written = scope.counter("omniroute_usage_records", "Usage records given to the store."),
          .dropped =
              scope.counter("omniroute_usage_records_dropped",
                            "Usage records lost because the disk was slow, full or failing.")} {}

UsageLog::UsageLog(Store& store, Dispatcher& home, const Stats& stats)
    : rows_(store, home, stats, kUsageKeyBytes, write_usage),
      // Two logs, or two lives of one, hardly meet at the same nanosecond and number.
      sequence_(static_cast<uint32_t>(random_word())) {}

void UsageLog::append(const UsageView& record) {
  const size_t size = record.encoded_size();
  char* row = rows_.begin_row(size);
  if (row == nullptr) return;
  write_usage_key(row, record.time_us, sequence_++);
  record.encode(row + kUsageKeyBytes);
  rows_.end_row(size);
}

}  // namespace omni
