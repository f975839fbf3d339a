#include "source/limits/session_slots.h"

#include <functional>

namespace omni {
namespace {

bool is_over(uint64_t slot, uint32_t now) {
  if (slot == 0) return true;
  // A session of the future was heard of by a clock that has been set since.
  const int64_t silent = int64_t{now} - static_cast<int64_t>(slot & 0xffffffff);
  return silent > SessionSlots::kIdleSeconds || silent < -SessionSlots::kIdleSeconds;
}

}  // namespace

SessionSlots::SessionSlots(uint32_t most)
    : most_(most), slots_(std::make_unique<std::atomic<uint64_t>[]>(most)) {}

bool SessionSlots::admit(std::string_view session, int64_t now_seconds) {
  const auto now = static_cast<uint32_t>(now_seconds);
  const uint64_t hash = std::hash<std::string_view>{}(session);
  const uint64_t tag = (hash >> 32) | 1;
  const uint64_t mark = (tag << 32) | now;
  // All workers begin to look at the same place, so that one session, new on two of them at once,
  // finds the same free slot.
  for (uint32_t i = 0; i < most_; ++i) {
    std::atomic<uint64_t>& slot = slots_[(hash + i) % most_];
    uint64_t before = slot.load(std::memory_order_relaxed);
    if (before >> 32 != tag) continue;
    if (slot.compare_exchange_strong(before, mark, std::memory_order_relaxed)) return true;
    if (before >> 32 == tag) return true;  // Somebody else noted it just now.
  }
  for (uint32_t i = 0; i < most_; ++i) {
    std::atomic<uint64_t>& slot = slots_[(hash + i) % most_];
    uint64_t before = slot.load(std::memory_order_relaxed);
    while (before >> 32 == tag || is_over(before, now))
      if (slot.compare_exchange_weak(before, mark, std::memory_order_relaxed)) return true;
  }
  return false;
}

}  // namespace omni
