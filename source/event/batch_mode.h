// When a loop gives way to whoever has its processor.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <memory>

#include "api/event.h"

namespace omni {

// Where clients, servers and the loop share a processor, each byte that they write wakes the loop,
// which takes the writer's place for the sake of one read. That is right while little is under way,
// and costs a multiple when much is: then the loop had better wait until they have written all that
// they can. So it does while many exchanges are under way and many reads are made. A processor that
// nobody else wants makes no difference.
//
// On its loop's thread.
class BatchMode {
 public:
  static constexpr int kCrowd = 8;  // Exchanges at once.
  // It begins with so many reads in so short a time.
  static constexpr uint64_t kBusyReads = 512;
  static constexpr absl::Duration kBusyTime = absl::Milliseconds(50);
  // And ends when there were fewer in so long a time; batches take fewer reads.
  static constexpr uint64_t kQuietReads = 400;
  static constexpr absl::Duration kQuietTime = absl::Milliseconds(100);

  // Tells the kernel; false when it does not want to know, which is final.
  using Apply = bool (*)(bool is_on);

  BatchMode(Dispatcher& loop, Apply apply) : loop_(loop), apply_(apply) {}
  BatchMode(const BatchMode&) = delete;
  BatchMode& operator=(const BatchMode&) = delete;

  void exchange_began() {
    if (++open_ > most_open_) most_open_ = open_;
  }
  void exchange_ended() { --open_; }
  void note_read() {
    if (++reads_ == next_look_) look();
  }
  bool is_on() const { return is_on_; }
  // Before the loop ends.
  void close() { timer_.reset(); }

 private:
  static constexpr uint64_t kNever = ~uint64_t{0};

  void look();
  void look_again();
  bool is_crowded();
  void turn_on();
  void turn_off();

  Dispatcher& loop_;
  const Apply apply_;
  int open_ = 0;
  int most_open_ = 0;  // Since the last look.
  uint64_t reads_ = 0;
  uint64_t next_look_ = kBusyReads;
  uint64_t seen_ = 0;  // Reads at the last look.
  absl::Duration looked_at_ = -absl::InfiniteDuration();
  bool is_on_ = false;
  std::unique_ptr<Timer> timer_;
};

}  // namespace omni
