// One event loop over libuv: turns, posted tasks, timers, and the block that sockets read into.
#pragma once

#include <absl/time/time.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "api/event.h"
#include "source/event/batch_mode.h"
#include "source/event/late_read.h"
#include "source/event/read_pool.h"
#include "source/event/send_batch.h"
#include "source/event/timer_wheel.h"
#include "source/event/turn_queue.h"

struct uv_loop_s;

namespace omni {

// Belongs to the thread that runs it; only post() and stop_soon() may be called from elsewhere.
// Everything made on a loop (timers, connections, listeners) is destroyed before it.
class Loop final : public Dispatcher {
 public:
  Loop();
  ~Loop() override;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(). May be called again.
  void run();
  // Waits for events once, handles them and returns. For tests and for draining.
  void run_once();
  void stop();
  void stop_soon();  // Any thread.

  const Clock& clock() const override { return clock_; }
  std::unique_ptr<Timer> make_timer(Task on_fire) override;
  void post(Task task) override;
  void destroy_later(std::unique_ptr<Deferred> object) override {
    doomed_.push_back(std::move(object));
  }
  void in_turn(TurnPart part, TurnWork& work) override { turn_.add(part, work); }

  // Surrounds every libuv callback of ours: what callbacks left to do is done when it goes.
  class Turn {
   public:
    explicit Turn(Loop& loop) : loop_(loop) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { loop_.end_turn(); }

   private:
    Loop& loop_;
  };

  // The same around a read, of which a loop often has many in a row: their turn ends when all that
  // were ready are done, or so many that others should not wait longer. What they wrote then leaves
  // back to back, and code that is in the cache is used again.
  class ReadTurn {
   public:
    explicit ReadTurn(Loop& loop) : loop_(loop) { loop.forget_time(); }
    ReadTurn(const ReadTurn&) = delete;
    ReadTurn& operator=(const ReadTurn&) = delete;
    ~ReadTurn() { loop_.end_read(); }

   private:
    Loop& loop_;
  };

  // For source/event and source/net.
  uv_loop_s* uv();
  ReadPool& reads() { return reads_; }
  ReadPool& plaintexts() { return plaintexts_; }  // What TLS decrypts into.
  SendBatch& sends() { return sends_; }
  LateReads& late_reads() { return late_reads_; }
  // For who knows of exchanges.
  BatchMode& batch_mode() { return batch_mode_; }

 private:
  class WheelTimer;
  struct Handles;
  struct Posted;

  // One reading per read or task: the clock costs 25 ns, and each asks for it many times.
  class TurnClock final : public Clock {
   public:
    absl::Time now() const override;
    absl::Duration since_start() const override { return absl::Nanoseconds(since_start_ns()); }
    int64_t since_start_ns() const override;
    bool caches = false;
    mutable absl::Time now_cached = absl::InfinitePast();
    mutable int64_t monotonic_cached = 0;
  };

  void end_turn();
  void end_read();
  void forget_time();
  void run_posted();
  void fire_timers();
  void schedule_wake();
  uint64_t tick_after(absl::Duration delay) const;

  std::unique_ptr<Handles> handles_;
  TurnClock clock_;
  TurnParts turn_;
  std::vector<std::unique_ptr<Deferred>> doomed_;
  std::vector<std::unique_ptr<Deferred>> dying_;  // Those being destroyed now.
  TimerWheel wheel_;
  uint64_t scheduled_ = TimerWheel::kNever;  // The tick our uv_timer is armed for.
  int open_reads_ = 0;                       // Of the turn under way.
  ReadPool reads_;
  ReadPool plaintexts_;
  SendBatch sends_{*this};
  LateReads late_reads_{*this, uv()};
  BatchMode batch_mode_;
  std::atomic<Posted*> posted_{nullptr};  // Latest first.
};

}  // namespace omni
