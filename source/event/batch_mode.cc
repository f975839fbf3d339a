#include "source/event/batch_mode.h"

#include <utility>

namespace omni {

// Busy enough? Between looks of this kind no timer runs: the reads themselves tell when.
void BatchMode::look() {
  const absl::Duration now = loop_.clock().since_start();
  const bool is_fast = now - looked_at_ < kBusyTime;
  looked_at_ = now;
  next_look_ = reads_ + kBusyReads;
  if (is_crowded() && is_fast) turn_on();
}

void BatchMode::look_again() {
  const uint64_t reads = reads_ - std::exchange(seen_, reads_);
  if (!is_crowded() || reads < kQuietReads) return turn_off();
  timer_->arm(kQuietTime);
}

bool BatchMode::is_crowded() { return std::exchange(most_open_, open_) >= kCrowd; }

void BatchMode::turn_on() {
  next_look_ = kNever;
  if (!apply_(true)) return;
  is_on_ = true;
  seen_ = reads_;
  if (timer_ == nullptr) timer_ = loop_.make_timer([this] { look_again(); });
  timer_->arm(kQuietTime);
}

void BatchMode::turn_off() {
  is_on_ = false;
  if (!apply_(false)) return;
  next_look_ = reads_ + kBusyReads;
}

}  // namespace omni
