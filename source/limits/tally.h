// A count that belongs to a period of time, in one word: exact when many threads count, without a
// lock and without anybody who resets it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>

namespace omni {

// The low bits of the word count, the others number the period. A period's number counts up by one;
// only its low bits are kept. Any thread.
template <int kCountBits>
class Tally {
 public:
  static constexpr uint64_t kMost = (uint64_t{1} << kCountBits) - 1;
  static constexpr uint64_t kPeriodMask = ~uint64_t{0} >> kCountBits;

  struct Reading {
    uint64_t period = 0;  // Its low bits.
    uint64_t count = 0;
  };

  // As it stands in period `now`.
  Reading read(int64_t now) const { return in(word_.load(std::memory_order_relaxed), now); }

  // Counts `amount` unless that makes more than `limit`; nullopt when it does.
  std::optional<Reading> take(int64_t now, uint64_t amount, uint64_t limit) {
    uint64_t before = word_.load(std::memory_order_relaxed);
    while (true) {
      Reading next = in(before, now);
      if (amount > limit || next.count > limit - amount) return std::nullopt;
      next.count += amount;
      if (word_.compare_exchange_weak(before, pack(next), std::memory_order_relaxed)) return next;
    }
  }

  // Counts `amount` whatever it makes.
  Reading add(int64_t now, uint64_t amount) {
    uint64_t before = word_.load(std::memory_order_relaxed);
    while (true) {
      Reading next = in(before, now);
      next.count += std::min(amount, kMost - next.count);
      if (word_.compare_exchange_weak(before, pack(next), std::memory_order_relaxed)) return next;
    }
  }

  // Takes `amount` back if the count is still that of `period`, as a Reading names it.
  void give_back(uint64_t period, uint64_t amount) {
    uint64_t before = word_.load(std::memory_order_relaxed);
    while (true) {
      Reading next = unpack(before);
      if (next.period != period) return;
      next.count -= std::min(amount, next.count);
      if (word_.compare_exchange_weak(before, pack(next), std::memory_order_relaxed)) return;
    }
  }

 private:
  static Reading unpack(uint64_t word) { return {word >> kCountBits, word & kMost}; }
  static uint64_t pack(const Reading& reading) {
    return (reading.period << kCountBits) | reading.count;
  }
  // A thread that read its clock just before a period ended may come just after another that counts
  // in the next one already: its count then belongs there. Any other period is over, or was
  // numbered by a clock that has been set since.
  static Reading in(uint64_t word, int64_t now) {
    const Reading stored = unpack(word);
    const uint64_t period = static_cast<uint64_t>(now) & kPeriodMask;
    const uint64_t ahead = (stored.period - period) & kPeriodMask;
    if (stored.count > 0 && ahead <= 1) return stored;
    return {period, 0};
  }

  std::atomic<uint64_t> word_{0};
};

}  // namespace omni
