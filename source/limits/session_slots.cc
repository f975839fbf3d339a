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

void SessionCells::grow(uint32_t places) {
  if (places <= size_.load(std::memory_order_relaxed)) return;
  for (uint32_t part = 0; part * kPart < places; ++part)
    if (parts_[part] == nullptr) parts_[part] = std::make_unique<std::atomic<uint64_t>[]>(kPart);
  size_.store(places, std::memory_order_release);
}

uint32_t SessionCells::count(uint32_t now_seconds) {
  uint32_t out = 0;
  for (uint32_t i = 0, all = size(); i < all; ++i)
    out += is_over(at(i).load(), now_seconds) ? 0 : 1;
  return out;
}

bool SessionSlots::admit(std::string_view session, int64_t now_seconds) {
  const uint64_t hash = std::hash<std::string_view>{}(session);
  const uint64_t mark = ((hash >> 32) | 1) << 32 | static_cast<uint32_t>(now_seconds);
  return goes_on(hash, mark) || begins(hash, mark);
}

bool SessionSlots::goes_on(uint64_t hash, uint64_t mark) {
  for (uint32_t i = 0, all = cells_->size(); i < all; ++i) {
    std::atomic<uint64_t>& slot = cells_->at((hash + i) % all);
    uint64_t before = slot.load(std::memory_order_relaxed);
    if (before >> 32 != mark >> 32 || is_over(before, static_cast<uint32_t>(mark))) continue;
    if (slot.compare_exchange_strong(before, mark, std::memory_order_relaxed)) return true;
    if (before >> 32 == mark >> 32) return true;  // Somebody else noted it just now.
  }
  return false;
}

// All workers begin to look at the same place, so that one session, new on two of them at once,
// finds the same free slot.
bool SessionSlots::begins(uint64_t hash, uint64_t mark) {
  const auto now = static_cast<uint32_t>(mark);
  for (uint32_t i = 0; i < most_; ++i) {
    std::atomic<uint64_t>& slot = cells_->at((hash + i) % most_);
    uint64_t before = slot.load(std::memory_order_relaxed);
    while (before >> 32 == mark >> 32 || is_over(before, now)) {
      if (!slot.compare_exchange_weak(before, mark)) continue;
      // Those of a larger limit may go on beyond these slots. Of two that come together here none
      // may be let in, but never one too many.
      if (cells_->size() == most_ || cells_->count(now) <= most_) return true;
      uint64_t mine = mark;
      slot.compare_exchange_strong(mine, 0);
      return false;
    }
  }
  return false;
}

}  // namespace omni
