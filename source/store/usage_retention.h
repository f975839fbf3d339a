// Keeps the usage records within an age and a size. Old ones go a step at a time, so that nobody
// who writes waits long; the totals of days and months stay.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <memory>

#include "api/event.h"
#include "source/store/lmdb_store.h"

namespace omni {

// Made and used on the thread of `home`.
class UsageRetention {
 public:
  static constexpr size_t kStepRows = 1000;
  static constexpr absl::Duration kStepPause = absl::Milliseconds(50);
  static constexpr absl::Duration kPause = absl::Minutes(1);      // When there is nothing to do.
  static constexpr absl::Duration kMinutesKept = absl::Hours(1);  // Totals by the minute.

  struct Bounds {
    absl::Duration age = absl::Hours(24 * 90);
    uint64_t bytes = uint64_t{2} << 30;
  };

  // Both outlive this.
  UsageRetention(LmdbStore& store, Dispatcher& home, Bounds bounds);
  UsageRetention(const UsageRetention&) = delete;
  UsageRetention& operator=(const UsageRetention&) = delete;

  // One step, unless one is under way; more follow by themselves.
  void step();

 private:
  void measured(bool is_too_large);
  void ended(bool is_more);

  LmdbStore& store_;
  Dispatcher& home_;
  const Bounds bounds_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<Pending> pending_;
};

}  // namespace omni
