#include "source/event/loop.h"

#include <uv.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "source/base/check.h"
#include "source/base/system_clock.h"
#include "source/event/time_slice.h"
#include "source/event/uv_handle.h"

namespace omni {
namespace {

constexpr int64_t kTickMs = 10;
// After so many reads, or so many bytes that may be held, a turn ends.
constexpr int kTurnReads = 32;
constexpr size_t kTurnBytes = 64 * 1024;

uint64_t current_tick() {
  return static_cast<uint64_t>(absl::ToInt64Milliseconds(monotonic_now()) / kTickMs);
}

// A peer that closed makes write() fail with EPIPE, not end the process.
void ignore_sigpipe() {
  static const bool done = [] {
    std::signal(SIGPIPE, SIG_IGN);
    return true;
  }();
  (void)done;
}

}  // namespace

struct Loop::Handles {
  uv_loop_t loop;
  UvHandle<uv_async_t> wakeup;
  UvHandle<uv_timer_t> timer;
  UvHandle<uv_check_t> check;  // Runs when all that was ready has been handled.
};

struct Loop::Posted {
  Task task;
  Posted* next = nullptr;
};

// The task is moved to the stack while it runs, so that it may destroy its timer.
class Loop::WheelTimer final : public Timer, private TimerWheel::Entry {
 public:
  WheelTimer(Loop& loop, Task on_fire) : loop_(loop), on_fire_(std::move(on_fire)) {}
  ~WheelTimer() override {
    loop_.wheel_.disarm(*this);
    if (gone_ != nullptr) *gone_ = true;
  }
  void arm(absl::Duration delay) override {
    if (delay == absl::InfiniteDuration()) return disarm();
    loop_.wheel_.arm(*this, loop_.tick_after(delay));
  }
  void disarm() override { loop_.wheel_.disarm(*this); }
  bool is_armed() const override { return Entry::is_armed(); }

 private:
  void fire() override {
    bool gone = false;
    gone_ = &gone;
    Task task = std::move(on_fire_);
    task();
    if (gone) return;
    on_fire_ = std::move(task);
    gone_ = nullptr;
  }

  Loop& loop_;
  Task on_fire_;
  bool* gone_ = nullptr;
};

absl::Time Loop::TurnClock::now() const {
  if (!caches) return wall_now();
  if (now_cached == absl::InfinitePast()) now_cached = wall_now();
  return now_cached;
}

// Not from zero: cells that workers share hold moments of this clock, so all loops must agree.
int64_t Loop::TurnClock::since_start_ns() const {
  if (!caches) return monotonic_ns();
  if (monotonic_cached == 0) monotonic_cached = monotonic_ns();
  return monotonic_cached;
}

Loop::Loop()
    : handles_(std::make_unique<Handles>()), wheel_(current_tick()), batch_mode_(*this, give_way) {
  ignore_sigpipe();
  OMNI_CHECK(uv_loop_init(&handles_->loop) == 0);
  OMNI_CHECK(uv_async_init(uv(), handles_->wakeup.get(), [](uv_async_t* handle) {
               auto* loop = static_cast<Loop*>(handle->data);
               if (loop != nullptr) loop->run_posted();
             }) == 0);
  handles_->wakeup.get()->data = this;
  OMNI_CHECK(uv_timer_init(uv(), handles_->timer.get()) == 0);
  handles_->timer.get()->data = this;
  OMNI_CHECK(uv_check_init(uv(), handles_->check.get()) == 0);
  handles_->check.get()->data = this;
  uv_check_start(handles_->check.get(), [](uv_check_t* handle) {
    auto* loop = static_cast<Loop*>(handle->data);
    if (loop != nullptr && loop->open_reads_ > 0) loop->end_turn();
  });
  uv_unref(handles_->check.base());
}

Loop::~Loop() {
  end_turn();
  for (Posted* post = posted_.exchange(nullptr); post != nullptr;) {
    const std::unique_ptr<Posted> dropped(std::exchange(post, post->next));
  }
  end_turn();
  handles_->wakeup.close();
  handles_->timer.close();
  handles_->check.close();
  late_reads_.close();
  batch_mode_.close();
  // What is still open belongs to somebody who outlives his loop.
  uv_walk(
      uv(), [](uv_handle_t* handle, void*) { OMNI_CHECK(uv_is_closing(handle) != 0); }, nullptr);
  while (uv_run(uv(), UV_RUN_DEFAULT) != 0) {
  }
  OMNI_CHECK(uv_loop_close(uv()) == 0);
}

uv_loop_s* Loop::uv() { return &handles_->loop; }

void Loop::run() {
  end_turn();
  clock_.caches = true;
  uv_run(uv(), UV_RUN_DEFAULT);
  clock_.caches = false;
}

void Loop::run_once() {
  // What ends a turn may be all that the caller waits for.
  const bool had_work = !turn_.empty() || !doomed_.empty();
  end_turn();
  clock_.caches = true;
  uv_run(uv(), had_work ? UV_RUN_NOWAIT : UV_RUN_ONCE);
  clock_.caches = false;
}

void Loop::stop() { uv_stop(uv()); }

void Loop::stop_soon() {
  post([this] { stop(); });
}

std::unique_ptr<Timer> Loop::make_timer(Task on_fire) {
  return std::make_unique<WheelTimer>(*this, std::move(on_fire));
}

void Loop::post(Task task) {
  auto* post = new Posted{std::move(task)};
  Posted* first = posted_.load(std::memory_order_relaxed);
  do {
    post->next = first;
  } while (!posted_.compare_exchange_weak(first, post, std::memory_order_release,
                                          std::memory_order_relaxed));
  if (first == nullptr) uv_async_send(handles_->wakeup.get());
}

void Loop::run_posted() {
  const Turn turn(*this);
  Posted* latest = posted_.exchange(nullptr, std::memory_order_acquire);
  Posted* first = nullptr;
  while (latest != nullptr) {
    Posted* next = latest->next;
    latest->next = first;
    first = latest;
    latest = next;
  }
  while (first != nullptr) {
    const std::unique_ptr<Posted> post(std::exchange(first, first->next));
    post->task();
  }
}

void Loop::end_read() {
  batch_mode_.note_read();
  if (++open_reads_ >= kTurnReads || reads_.taken() > kTurnBytes ||
      plaintexts_.taken() > kTurnBytes)
    end_turn();
}

void Loop::end_turn() {
  open_reads_ = 0;
  turn_.run();
  while (!doomed_.empty()) {
    dying_.swap(doomed_);
    dying_.clear();
    turn_.run();
  }
  reads_.settle();
  plaintexts_.settle();
  if (wheel_.wake() < scheduled_) schedule_wake();
  forget_time();
}

void Loop::forget_time() {
  clock_.now_cached = absl::InfinitePast();
  clock_.monotonic_cached = 0;
}

// Whole ticks of the monotonic clock, rounded up: never early.
uint64_t Loop::tick_after(absl::Duration delay) const {
  const int64_t wait = std::max<int64_t>(absl::ToInt64Nanoseconds(delay), 0);
  const uint64_t at = static_cast<uint64_t>(clock_.since_start_ns()) + static_cast<uint64_t>(wait);
  constexpr uint64_t kTickNs = kTickMs * 1'000'000;
  return (at + kTickNs - 1) / kTickNs;
}

void Loop::fire_timers() {
  const Turn turn(*this);
  scheduled_ = TimerWheel::kNever;
  wheel_.advance(current_tick());
}

// libuv compares its own reading of the same clock, in whole milliseconds, with this target.
void Loop::schedule_wake() {
  scheduled_ = wheel_.wake();
  const uint64_t target = scheduled_ * kTickMs;
  const uint64_t now = uv_now(uv());
  uv_timer_start(
      handles_->timer.get(),
      [](uv_timer_t* handle) {
        auto* loop = static_cast<Loop*>(handle->data);
        if (loop != nullptr) loop->fire_timers();
      },
      target > now ? target - now : 0, 0);
}

}  // namespace omni
