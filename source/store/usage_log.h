// Usage records on their way from a worker to the disk.
#pragma once

#include <cstdint>

#include "source/store/row_log.h"
#include "source/store/tables.h"

namespace omni {

// As RowLog, whose bounds are its own. What is lost is counted in
// `omniroute_usage_records_dropped`.
class UsageLog {
 public:
  static constexpr size_t kMostWaiting = RowLog::kMostWaiting;
  static constexpr size_t kHandOver = RowLog::kHandOver;

  struct Stats : RowLog::Stats {
    explicit Stats(StatScope& scope);
    Stats() = default;
  };

  // `store` and `home` outlive this.
  UsageLog(Store& store, Dispatcher& home, const Stats& stats);

  void append(const UsageView& record);
  void append(const UsageRecord& record) { append(record.view()); }
  void flush() { rows_.flush(); }

 private:
  RowLog rows_;
  uint32_t sequence_;
};

}  // namespace omni
