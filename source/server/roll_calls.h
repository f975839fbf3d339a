// Questions to all workers, each answered once: when all have said what they know, or without those
// that are silent for too long.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "api/event.h"

namespace omni {

// On the thread of `home`, which outlives it. What was asked when it dies is not answered.
class RollCalls {
 public:
  using Id = uint64_t;
  // A worker that is stuck must not silence the page that would show it.
  static constexpr absl::Duration kLongest = absl::Seconds(1);

  explicit RollCalls(Dispatcher& home) : home_(home) {}

  // `done` runs once: within said() of the last of `count`, or kLongest from now.
  Id begin(size_t count, absl::AnyInvocable<void()> done);
  // One of them has. Too late for one that is over.
  void said(Id call);

 private:
  struct Call {
    size_t missing;
    absl::AnyInvocable<void()> done;
    std::unique_ptr<Timer> patience;
  };
  void end(Id call);

  Dispatcher& home_;
  absl::flat_hash_map<Id, Call> open_;
  Id last_ = 0;
};

}  // namespace omni
