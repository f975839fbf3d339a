// A hierarchical timer wheel: five levels of 64 slots. Arming is O(1) and touches one slot; moving
// an armed timer further away, the usual case for an idle timeout, only stores a number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace omni {

// Counts ticks and knows no clock. One thread.
class TimerWheel {
 public:
  static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

  struct Link {
    Link* before = nullptr;
    Link* after = nullptr;
  };

  // A timer, kept by its owner. It must be disarmed before it goes.
  class Entry : private Link {
   public:
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    bool is_armed() const { return due_ != kNever; }

   protected:
    virtual ~Entry() = default;
    // Called once, disarmed. May arm, disarm and destroy any entry, itself included.
    virtual void fire() = 0;

   private:
    friend class TimerWheel;
    uint64_t due_ = kNever;
    uint64_t placed_ = 0;  // The due tick its slot was chosen for; never after due_.
    uint16_t slot_ = 0;
  };

  explicit TimerWheel(uint64_t now);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Fires in the first advance() that reaches `due`; one that is not in the future waits a tick.
  void arm(Entry& entry, uint64_t due);
  void disarm(Entry& entry);
  // Fires everything due up to and including `now`, earliest tick first.
  void advance(uint64_t now);
  // When to call advance() next: never after the earliest due tick, sometimes before it, because
  // far timers are looked at again when they come nearer. kNever when nothing is armed.
  uint64_t wake() const { return wake_; }

 private:
  static constexpr int kLevels = 5;
  static constexpr int kBits = 6;
  static constexpr uint16_t kSlots = 1 << kBits;
  static constexpr uint16_t kFiring = kLevels * kSlots;
  static constexpr uint64_t kSpan = uint64_t{1} << (kLevels * kBits);

  void place(Entry& entry);
  void unlink(Entry& entry);
  void append(Link& list, Entry& entry, uint16_t slot);
  // The first occupied slot after now_ and the tick at which it begins.
  struct Next {
    uint64_t at = kNever;
    int slot = 0;
  };
  Next next() const;

  uint64_t now_;
  uint64_t wake_ = kNever;
  std::array<uint64_t, kLevels> occupied_{};      // One bit per slot.
  std::array<Link, kLevels * kSlots + 1> slots_;  // The last is the list of what fires now.
};

}  // namespace omni
