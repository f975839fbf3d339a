// The loop of StoreTest with a clock that goes by hand.
#pragma once

#include <memory>
#include <utility>

#include "test/source/store/store_fixture.h"
#include "test/support/fake_clock.h"

namespace omni::store {

class TimedLoop final : public Dispatcher {
 public:
  explicit TimedLoop(QueueLoop& queue) : queue_(queue) {}
  const Clock& clock() const override { return time; }
  std::unique_ptr<Timer> make_timer(Task task) override {
    return queue_.make_timer(std::move(task));
  }
  void post(Task task) override { queue_.post(std::move(task)); }
  void destroy_later(std::unique_ptr<Deferred>) override {}
  void in_turn(TurnPart, TurnWork&) override {}
  test::FakeClock time;

 private:
  QueueLoop& queue_;
};

}  // namespace omni::store
