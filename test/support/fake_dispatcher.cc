#include "test/support/fake_dispatcher.h"

#include <memory>
#include <utility>
#include <vector>

namespace omni::test {

class FakeDispatcher::FakeTimer final : public Timer {
 public:
  FakeTimer(std::shared_ptr<Wheel> wheel, const Clock& clock, Task on_fire)
      : wheel_(std::move(wheel)),
        clock_(clock),
        on_fire_(std::make_shared<Task>(std::move(on_fire))) {}
  ~FakeTimer() override { disarm(); }

  void arm(absl::Duration delay) override {
    disarm();
    // An infinite delay sorts behind everything and never falls due.
    at_ = {clock_.since_start() + delay, ++wheel_->armed};
    wheel_->due.emplace(at_, this);
    is_armed_ = true;
  }
  void disarm() override {
    if (is_armed_) wheel_->due.erase(at_);
    is_armed_ = false;
  }
  bool is_armed() const override { return is_armed_; }

  void fire() {
    disarm();
    const std::shared_ptr<Task> alive = on_fire_;  // The callback may destroy the timer.
    (*alive)();
  }

 private:
  std::shared_ptr<Wheel> wheel_;
  const Clock& clock_;
  std::shared_ptr<Task> on_fire_;
  std::pair<absl::Duration, uint64_t> at_;
  bool is_armed_ = false;
};

FakeDispatcher::~FakeDispatcher() {
  while (!doomed_.empty() || !tasks_.empty()) {
    tasks_.clear();
    std::exchange(doomed_, {}).clear();
  }
}

std::unique_ptr<Timer> FakeDispatcher::make_timer(Task on_fire) {
  return std::make_unique<FakeTimer>(wheel_, clock_, std::move(on_fire));
}

void FakeDispatcher::post(Task task) {
  const std::lock_guard<std::mutex> lock(mutex_);
  tasks_.push_back(std::move(task));
}

void FakeDispatcher::destroy_later(std::unique_ptr<Deferred> object) {
  doomed_.push_back(std::move(object));
}

void FakeDispatcher::turn(absl::FunctionRef<void()> callback) {
  callback();
  end_turn();
}

void FakeDispatcher::end_turn() {
  turn_.run();
  while (!doomed_.empty()) {
    std::exchange(doomed_, {}).clear();
    turn_.run();
  }
}

size_t FakeDispatcher::posted() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return tasks_.size();
}

bool FakeDispatcher::run_one_task() {
  Task task;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (tasks_.empty()) return false;
    task = std::move(tasks_.front());
    tasks_.pop_front();
  }
  task();
  task = nullptr;
  end_turn();
  return true;
}

bool FakeDispatcher::fire_one_timer() {
  if (wheel_->due.empty() || wheel_->due.begin()->first.first > clock_.since_start()) return false;
  wheel_->due.begin()->second->fire();
  end_turn();
  return true;
}

void FakeDispatcher::run_until_idle() {
  end_turn();
  while (run_one_task() || fire_one_timer()) {
  }
}

void FakeDispatcher::advance(absl::Duration by) {
  const absl::Duration until = clock_.since_start() + by;
  run_until_idle();
  while (!wheel_->due.empty() && wheel_->due.begin()->first.first <= until) {
    clock_.advance(wheel_->due.begin()->first.first - clock_.since_start());
    run_until_idle();
  }
  clock_.advance(until - clock_.since_start());
  run_until_idle();
}

}  // namespace omni::test
