// Memory that exchanges have let go of, and that the allocator has not.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <memory>

#include "api/event.h"

namespace omni {

// mimalloc keeps what has become free for the next who needs it, and gives it back to the system
// some 25 ms later: when something large is freed, or never. Here something large is freed once a
// second while exchanges are under way, and until one such second has seen none.
//
// On its loop's thread, of whose memory it is.
class SpareMemory {
 public:
  static constexpr absl::Duration kEvery = absl::Seconds(1);
  // Enough to be a piece of its own in the allocator. Nobody touches it, so it is no memory.
  static constexpr size_t kLarge = 192 * 1024;

  explicit SpareMemory(Dispatcher& loop)
      : timer_(loop.make_timer([this] { give_back(); })), large_(make_large()) {}

  void exchange_began() {
    ++open_;
    has_changed_ = true;
    if (!timer_->is_armed()) timer_->arm(kEvery);
  }
  void exchange_ended() {
    --open_;
    has_changed_ = true;
  }

 private:
  static std::unique_ptr<char[]> make_large();
  void give_back();

  std::unique_ptr<Timer> timer_;
  // Made long before it is freed: the allocator starts to wait anew when something large is made.
  std::unique_ptr<char[]> large_;
  int64_t open_ = 0;
  bool has_changed_ = false;
};

}  // namespace omni
