// How often a peer may do something that costs us more than it costs the peer: a burst, then so
// many a second.
#pragma once

#include <absl/time/time.h>

#include <algorithm>
#include <cstdint>

#include "api/event.h"

namespace omni {

class Budget {
 public:
  // `clock` outlives the budget.
  Budget(const Clock& clock, uint32_t burst, uint32_t per_second)
      : clock_(clock),
        burst_(burst),
        per_second_(per_second),
        left_(burst),
        since_(clock.since_start()) {}

  // False when it is overdrawn.
  bool spend() {
    const absl::Duration now = clock_.since_start();
    left_ = std::min(left_ + absl::ToDoubleSeconds(now - since_) * per_second_, burst_);
    since_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  const Clock& clock_;
  const double burst_, per_second_;
  double left_;
  absl::Duration since_;
};

}  // namespace omni
