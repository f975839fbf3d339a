// The work that asked for a part of this turn (api/event.h). One per loop; not thread-safe.
#pragma once

#include <array>
#include <cstddef>

#include "api/event.h"
#include "source/base/slot_row.h"

namespace omni {

class TurnQueue {
 public:
  // A no-op when `work` is queued already.
  void add(TurnWork& work) { row_.add(work); }

  // Runs everything in order of asking, including what is added meanwhile. Work may destroy itself
  // or others.
  void run() {
    for (size_t at = 0; at < row_.size(); ++at) {
      TurnWork* work = row_[at];
      if (work == nullptr) continue;
      work->leave_turn();
      work->on_turn();
    }
    row_.clear();
  }

  bool empty() const { return row_.size() == 0; }

 private:
  SlotRow<TurnWork> row_;
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
  std::array<TurnQueue, static_cast<size_t>(TurnPart::kRest) + 1> parts_;
};

}  // namespace omni
