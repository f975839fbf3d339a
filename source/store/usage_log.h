// Usage records on their way from a worker to the disk. A record costs the worker one encoding into
// a buffer; every 100 ms or 256 records the buffer goes to the store as one write.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "api/event.h"
#include "api/stats.h"
#include "api/store.h"
#include "source/store/tables.h"

namespace omni {

// One per worker, made, used and destroyed on its thread. A record is on disk within 1 s of
// append(); a crash may lose those that are not.
class UsageLog {
 public:
  // At most this many records wait for the disk per log; what comes on top is dropped and counted
  // in `omniroute_usage_records_dropped`.
  static constexpr size_t kMostWaiting = 65536;
  static constexpr size_t kHandOver = 256;

  // The metrics are made once, on the main thread, and copied to each worker's log.
  struct Stats {
    Counter written, dropped;
    explicit Stats(StatScope& scope);
    Stats() = default;
  };

  // `store` and `home` outlive this.
  UsageLog(Store& store, Dispatcher& home, Stats stats);
  UsageLog(const UsageLog&) = delete;
  UsageLog& operator=(const UsageLog&) = delete;
  // Hands over what it has.
  ~UsageLog();

  void append(const UsageView& record);
  void append(const UsageRecord& record) { append(record.view()); }
  // Hands over now rather than within 100 ms.
  void flush();

 private:
  Store& store_;
  Stats stats_;
  std::unique_ptr<Timer> timer_;
  // Rows one behind the other: size of the value (4, little endian) | key | value.
  std::string rows_;
  size_t count_ = 0;
  // Rows handed over and not yet committed or refused; shared with the writes on their way.
  std::shared_ptr<std::atomic<size_t>> waiting_ = std::make_shared<std::atomic<size_t>>(0);
  uint32_t sequence_;
};

}  // namespace omni
