// The work that asked for a part of this turn (api/event.h). One per loop; not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "api/event.h"

namespace omni {

class TurnQueue {
 public:
  TurnQueue() = default;
  TurnQueue(const TurnQueue&) = delete;
  TurnQueue& operator=(const TurnQueue&) = delete;
  ~TurnQueue() {
    for (TurnWork* work : slots_) {
      if (work != nullptr) work->turn_slot_ = nullptr;
    }
  }

  // A no-op when `work` is queued already.
  void add(TurnWork& work) {
    if (work.turn_slot_ != nullptr) return;
    if (slots_.size() == slots_.capacity()) grow();
    slots_.push_back(&work);
    work.turn_slot_ = &slots_.back();
  }

  // Runs everything in order of asking, including what is added meanwhile. Work may destroy itself
  // or others.
  void run() {
    for (size_t at = 0; at < slots_.size(); ++at) {
      TurnWork* work = slots_[at];
      if (work == nullptr) continue;
      work->leave_turn();
      work->on_turn();
    }
    slots_.clear();
  }

  bool empty() const { return slots_.empty(); }

 private:
  // Queued work points at its slot, so slots move only here.
  void grow() {
    slots_.reserve(slots_.empty() ? 64 : slots_.capacity() * 2);
    for (TurnWork*& slot : slots_) {
      if (slot != nullptr) slot->turn_slot_ = &slot;
    }
  }

  std::vector<TurnWork*> slots_;
};

// All parts of a turn.
class TurnParts {
 public:
  void add(TurnPart part, TurnWork& work) { parts_[static_cast<size_t>(part)].add(work); }
  // Until none has work, which a later part may have given to an earlier one.
  void run() {
    do {
      for (TurnQueue& part : parts_) part.run();
    } while (!empty());
  }
  bool empty() const {
    for (const TurnQueue& part : parts_)
      if (!part.empty()) return false;
    return true;
  }

 private:
  std::array<TurnQueue, static_cast<size_t>(TurnPart::kSends) + 1> parts_;
};

}  // namespace omni
