#include "source/http/lane.h"

#include <utility>

#include "source/base/check.h"

namespace omni {

void Lane::put(size_t at, LaneEvent event, Buffer* bytes) {
  if (is_dead(at)) return;
  if (at == count()) return out(event, bytes);
  if (pumping_) {
    store(at, event, bytes);
    again_ = true;
    return;
  }
  pumping_ = true;
  pass(at, event, bytes);
  pumping_ = false;
  if (again_) pump();
}

void Lane::pass(size_t at, LaneEvent event, Buffer* bytes) {
  for (; at < count(); ++at) {
    Slot& slot = slots_[at];
    if (!slot.is_idle()) {
      store(at, event, bytes);
      slot.body.own();
      again_ |= !slot.is_waiting();
      return;
    }
    if (event == LaneEvent::kHeaders) slot.begun = true;
    if (slot.skips(event)) continue;
    if (!run(at, event, bytes)) return;
    if (again_) return forward(at, event, bytes);  // The callback may have put something behind it.
    if (bytes != nullptr && bytes->empty()) return;
  }
  out(event, bytes);
}

void Lane::out(LaneEvent event, Buffer* bytes) {
  if (event == LaneEvent::kHeaders) return stages_.out_headers();
  if (event == LaneEvent::kComplete) return stages_.out_complete();
  if (bytes != nullptr && !bytes->empty()) stages_.out_body(std::move(*bytes));
}

void Lane::store(size_t at, LaneEvent event, Buffer* bytes) {
  Slot& slot = slots_[at];
  if (event == LaneEvent::kHeaders) {
    slot.headers = true;
  } else if (event == LaneEvent::kComplete) {
    slot.complete = true;
  } else if (bytes != nullptr && !bytes->empty()) {
    has_bytes_ = true;
    slot.body.append(std::move(*bytes));
  }
}

void Lane::resume(size_t stage) {
  OMNI_CHECK(stage < count());
  Slot& slot = slots_[stage];
  if (slot.in_callback) {
    slot.resumed_early = true;
    return;
  }
  if (slot.parked == LaneEvent::kNothing || is_dead(stage)) return;
  const LaneEvent event = std::exchange(slot.parked, LaneEvent::kNothing);
  Buffer kept = slot.kept.take();
  forward(stage, event, &kept);
  pump();
}

void Lane::cut_before(size_t end) {
  if (end <= dead_before_) return;
  dead_before_ = end;
  for (size_t i = 0; i < count() && i < end; ++i) empty(slots_[i]);
}

void Lane::empty(Slot& slot) {
  slot.headers = slot.complete = false;
  slot.parked = LaneEvent::kNothing;
  slot.body.clear();
  slot.kept.clear();
}

size_t Lane::replace(size_t from) {
  size_t entry = from;
  for (size_t i = from; i < count(); ++i) {
    if (slots_[i].begun) entry = i + 1;
    empty(slots_[i]);
  }
  cut_before(entry);
  return entry;
}

size_t Lane::count_buffered() const {
  size_t total = 0;
  for (const Slot& slot : slots_) total += slot.body.size() + slot.kept.size();
  return total;
}

void Lane::pump() {
  again_ = true;
  if (pumping_) return;
  pumping_ = true;
  while (std::exchange(again_, false)) {
    for (size_t at = 0; at < count(); ++at) {
      while (slots_[at].has_work() && step(at)) {
      }
    }
  }
  pumping_ = false;
  settle();
}

// What did not move outlives the read callback that lent it.
void Lane::settle() {
  if (!has_bytes_) return;
  has_bytes_ = false;
  for (Slot& slot : slots_) {
    slot.body.own();
    has_bytes_ |= !slot.body.empty() || !slot.kept.empty();
  }
}

bool Lane::step(size_t at) {
  Slot& slot = slots_[at];
  if (slot.parked != LaneEvent::kNothing || slot.in_callback || is_dead(at)) return false;
  if (slot.whole && !slot.complete) return false;
  LaneEvent event = LaneEvent::kComplete;
  Buffer bytes;
  if (slot.headers) {
    slot.headers = false;
    slot.begun = true;
    event = LaneEvent::kHeaders;
  } else if (!slot.body.empty()) {
    bytes = slot.body.take();
    event = LaneEvent::kBody;
  } else if (slot.complete) {
    slot.complete = slot.whole = false;
  } else {
    return false;
  }
  if (slot.skips(event) || run(at, event, &bytes)) forward(at, event, &bytes);
  return true;
}

bool Lane::run(size_t at, LaneEvent event, Buffer* bytes) {
  Slot& slot = slots_[at];
  slot.in_callback = true;
  Next next = call(at, event, bytes);
  slot.in_callback = false;
  if (slot.resumed_early) {
    slot.resumed_early = false;
    next = Next::kContinue;
  }
  if (is_dead(at)) return false;
  if (next == Next::kContinue) return true;
  slot.parked = event;
  if (bytes == nullptr || bytes->empty()) return false;
  bytes->own();  // What does not move outlives the read callback that lent it.
  slot.kept.append(std::move(*bytes));
  has_bytes_ = true;
  return false;
}

Next Lane::call(size_t at, LaneEvent event, Buffer* bytes) {
  switch (event) {
    case LaneEvent::kHeaders:
      return stages_.on_lane_headers(at);
    case LaneEvent::kBody:
      return stages_.on_lane_body(at, *bytes);
    default:
      return stages_.on_lane_complete(at);
  }
}

void Lane::forward(size_t from, LaneEvent event, Buffer* bytes) {
  size_t to = from + 1;
  if (is_dead(to)) return;
  for (; to < count() && slots_[to].is_idle() && slots_[to].skips(event); ++to)
    if (event == LaneEvent::kHeaders) slots_[to].begun = true;
  if (to == count()) return out(event, bytes);
  store(to, event, bytes);
}

}  // namespace omni
