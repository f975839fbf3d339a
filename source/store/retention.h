// Keeps the rows of a table that is in order of time within an age and a size. Old ones go a step
// at a time, so that nobody who writes waits long.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <string>

#include "api/event.h"
#include "source/store/lmdb_store.h"

namespace omni {

// Made and used on the thread of `home`.
class Retention {
 public:
  static constexpr absl::Duration kStepPause = absl::Milliseconds(50);
  static constexpr absl::Duration kPause = absl::Minutes(1);  // When there is nothing to do.

  struct Bounds {
    absl::Duration age = absl::Hours(24 * 90);
    uint64_t bytes = uint64_t{2} << 30;
  };
  struct Rule {
    TableId table;
    size_t step_rows = 1000;            // Erased at a time.
    std::string (*key_at)(absl::Time);  // The first key that a row of that time may have.
    // Erases what else is too old, at most `limit` rows less those `erased` before. May be null.
    absl::Status (*erase_more)(Update& update, absl::Time now, size_t limit, size_t& erased);
  };
  // Records, and totals by the minute beyond the last hour; those of days and months stay.
  static Rule of_usage();
  static Rule of_receipts();

  // Both outlive this.
  Retention(LmdbStore& store, Dispatcher& home, Rule rule, Bounds bounds);
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;

  // One step, unless one is under way; more follow by themselves.
  void step();

 private:
  void measured(bool is_too_large);
  void ended(bool is_more);

  LmdbStore& store_;
  Dispatcher& home_;
  const Rule rule_;
  const Bounds bounds_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<Pending> pending_;
};

}  // namespace omni
