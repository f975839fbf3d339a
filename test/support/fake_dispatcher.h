// A loop that a test turns by hand: timers, posts, turn ends and deferred destruction over a fake
// clock. One thread, except post().
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/time/time.h>

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "api/event.h"
#include "source/event/turn_queue.h"
#include "test/support/fake_clock.h"

namespace omni::test {

class FakeDispatcher final : public Dispatcher {
 public:
  FakeDispatcher() = default;
  FakeDispatcher(const FakeDispatcher&) = delete;
  FakeDispatcher& operator=(const FakeDispatcher&) = delete;
  // Timers may outlive it; they never fire then.
  ~FakeDispatcher() override;

  const Clock& clock() const override { return clock_; }
  std::unique_ptr<Timer> make_timer(Task on_fire) override;
  void post(Task task) override;
  void destroy_later(std::unique_ptr<Deferred> object) override;
  void in_turn(TurnPart part, TurnWork& work) override { turn_.add(part, work); }

  FakeClock& fake_clock() { return clock_; }
  // Runs `callback` as the loop would: then the turn ends and the deferred objects die.
  void turn(absl::FunctionRef<void()> callback);
  // What the loop does after each callback. For tests that called something directly.
  void end_turn();
  // Ends the current turn, then runs posted tasks and timers that are due, a turn each, until
  // nothing is left. The clock stands still.
  void run_until_idle();
  // Moves the clock, stopping at each timer that falls due on the way, and runs until idle.
  void advance(absl::Duration by);

  size_t armed_timers() const { return wheel_->due.size(); }
  size_t posted() const;

 private:
  class FakeTimer;
  // Ordered by time, then by arming.
  using Due = std::map<std::pair<absl::Duration, uint64_t>, FakeTimer*>;
  struct Wheel {
    Due due;
    uint64_t armed = 0;
  };

  bool run_one_task();
  bool fire_one_timer();

  FakeClock clock_;
  std::shared_ptr<Wheel> wheel_ = std::make_shared<Wheel>();
  TurnParts turn_;
  std::vector<std::unique_ptr<Deferred>> doomed_;
  mutable std::mutex mutex_;  // Guards tasks_.
  std::deque<Task> tasks_;
};

}  // namespace omni::test
