// The work that asked for the end of this turn (api/event.h). One per loop; not thread-safe.
#pragma once

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
    for (TurnEnd* work : slots_) {
      if (work != nullptr) work->turn_slot_ = nullptr;
    }
  }

  // A no-op when `work` is queued already.
  void add(TurnEnd& work) {
    if (work.turn_slot_ != nullptr) return;
    if (slots_.size() == slots_.capacity()) grow();
    slots_.push_back(&work);
    work.turn_slot_ = &slots_.back();
  }

  // Runs everything in order of asking, including what is added meanwhile. Work may destroy itself
  // or others.
  void run() {
    for (size_t at = 0; at < slots_.size(); ++at) {
      TurnEnd* work = slots_[at];
      if (work == nullptr) continue;
      work->leave_turn();
      work->on_turn_end();
    }
    slots_.clear();
  }

  bool empty() const { return slots_.empty(); }

 private:
  // Queued work points at its slot, so slots move only here.
  void grow() {
    slots_.reserve(slots_.empty() ? 64 : slots_.capacity() * 2);
    for (TurnEnd*& slot : slots_) {
      if (slot != nullptr) slot->turn_slot_ = &slot;
    }
  }

  std::vector<TurnEnd*> slots_;
};

}  // namespace omni
