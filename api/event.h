// Time, timers and loops as the rest of the program sees them. libuv stays behind source/event.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>

#include "source/base/slot_row.h"

namespace omni {

// Time as the program sees it. Production code never asks the system directly, so a test can
// hold the clock still or jump it an hour.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time now() const = 0;              // For people and tokens.
  virtual absl::Duration since_start() const = 0;  // Monotonic. For timeouts.
  // The same in nanoseconds, for what every request does: arithmetic on it is one instruction.
  virtual int64_t since_start_ns() const { return absl::ToInt64Nanoseconds(since_start()); }
};

// A one-shot timer. Destroying it disarms it; the callback may destroy it. May fire up to 10 ms
// late: timers share a coarse wheel, so that arming one costs a few nanoseconds.
class Timer {
 public:
  virtual ~Timer() = default;
  virtual void arm(absl::Duration delay) = 0;  // Replaces an earlier arm().
  virtual void disarm() = 0;
  virtual bool is_armed() const = 0;
};

class Deferred {
 public:
  virtual ~Deferred() = default;
};

// What a turn of the loop does for many requests it does part by part, in this order, and not
// request by request: the code of a part stays in the processor's first cache while that of a whole
// request does not fit there.
enum class TurnPart : uint8_t {
  kBytes,     // What sockets gave goes to codecs.
  kRequests,  // Complete requests go through their rows of filters.
  kAttempts,  // Their attempts begin.
  kAnswers,   // Complete answers are looked at.
  kEnd,       // What all of it wrote is gathered.
  kSends,     // It leaves.
  kRest,      // What nobody waits for.
};

// Work that must run before the loop waits again, once each time it is asked for. Destroying it
// withdraws it.
class TurnWork : private RowMember<TurnWork> {
 public:
  TurnWork() = default;
  virtual void on_turn() = 0;
  // Withdraws it.
  void leave_turn() { leave_row(); }

 protected:
  virtual ~TurnWork() = default;

 private:
  friend class SlotRow<TurnWork>;
};

// A method of its owner as such work, for owners that have work in more than one part.
template <class Owner, void (Owner::*kMethod)()>
class TurnTask final : public TurnWork {
 public:
  explicit TurnTask(Owner& owner) : owner_(owner) {}
  void on_turn() override { (owner_.*kMethod)(); }

 private:
  Owner& owner_;
};

// One event loop, one thread. Only post() may be called from elsewhere.
class Dispatcher {
 public:
  using Task = absl::AnyInvocable<void()>;

  virtual ~Dispatcher() = default;
  virtual const Clock& clock() const = 0;
  virtual std::unique_ptr<Timer> make_timer(Task on_fire) = 0;
  // Runs `task` on this loop, in order of posting; never before returning. Any thread.
  virtual void post(Task task) = 0;
  // Runs the destructor at the end of this turn, when no frame of the object is on the stack.
  virtual void destroy_later(std::unique_ptr<Deferred> object) = 0;
  // Calls on_turn() once in that part of this turn, or again from its first part when it is over. A
  // no-op when already asked.
  virtual void in_turn(TurnPart part, TurnWork& work) = 0;
  void at_turn_end(TurnWork& work) { in_turn(TurnPart::kEnd, work); }
};

}  // namespace omni
