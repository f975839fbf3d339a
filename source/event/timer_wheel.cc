#include "source/event/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace omni {

TimerWheel::TimerWheel(uint64_t now) : now_(now) {
  for (Link& list : slots_) list.before = list.after = &list;
}

void TimerWheel::arm(Entry& entry, uint64_t due) {
  due = std::min(std::max(due, now_ + 1), kNever - 1);
  if (entry.is_armed()) {
    // It stays where it is and is placed anew when its slot comes up.
    if (entry.slot_ != kFiring && due >= entry.placed_) {
      entry.due_ = due;
      return;
    }
    unlink(entry);
  }
  entry.due_ = due;
  place(entry);
  wake_ = std::min(wake_, due);
}

void TimerWheel::disarm(Entry& entry) {
  if (!entry.is_armed()) return;
  unlink(entry);
  entry.due_ = kNever;
}

void TimerWheel::advance(uint64_t now) {
  for (Next step = next(); step.at <= now; step = next()) {
    now_ = step.at;
    Link& list = slots_[static_cast<size_t>(step.slot)];
    while (list.after != &list) {
      Entry& entry = *static_cast<Entry*>(list.after);
      unlink(entry);
      if (entry.due_ <= now_) {
        append(slots_[kFiring], entry, kFiring);
      } else {
        place(entry);
      }
    }
  }
  now_ = std::max(now_, now);
  Link& firing = slots_[kFiring];
  while (firing.after != &firing) {
    Entry& entry = *static_cast<Entry*>(firing.after);
    disarm(entry);
    entry.fire();
  }
  wake_ = next().at;
}

// The level is the highest group of six bits in which now_ and the due tick differ, so a slot is
// reached exactly when those groups become equal.
void TimerWheel::place(Entry& entry) {
  const uint64_t differs = std::min((now_ ^ entry.due_) | (kSlots - 1), kSpan - 1);
  // Further away than the wheel is wide: parked in its last slot and placed anew from there.
  const uint64_t at = std::min(entry.due_, now_ + kSpan - (kSpan >> kBits));
  const int level = (63 - std::countl_zero(differs)) / kBits;
  const auto index = static_cast<uint16_t>((at >> (level * kBits)) & (kSlots - 1));
  entry.placed_ = entry.due_;
  occupied_[static_cast<size_t>(level)] |= uint64_t{1} << index;
  const auto slot = static_cast<uint16_t>(level * kSlots + index);
  append(slots_[slot], entry, slot);
}

void TimerWheel::append(Link& list, Entry& entry, uint16_t slot) {
  entry.slot_ = slot;
  entry.before = list.before;
  entry.after = &list;
  list.before->after = &entry;
  list.before = &entry;
}

void TimerWheel::unlink(Entry& entry) {
  entry.before->after = entry.after;
  entry.after->before = entry.before;
  if (entry.slot_ == kFiring) return;
  const Link& list = slots_[entry.slot_];
  if (list.after == &list)
    occupied_[entry.slot_ / kSlots] &= ~(uint64_t{1} << (entry.slot_ % kSlots));
}

TimerWheel::Next TimerWheel::next() const {
  for (int level = 0; level < kLevels; ++level) {
    const uint64_t occupied = occupied_[static_cast<size_t>(level)];
    if (occupied == 0) continue;
    const int shift = level * kBits;
    const int here = static_cast<int>((now_ >> shift) & (kSlots - 1));
    const int index = (std::countr_zero(std::rotr(occupied, here)) + here) % kSlots;
    const uint64_t round = uint64_t{kSlots} << shift;
    uint64_t at = (now_ & ~(round - 1)) + (static_cast<uint64_t>(index) << shift);
    if (at <= now_) at += round;  // Only the last level wraps.
    return {at, level * kSlots + index};
  }
  return {};
}

}  // namespace omni
