#include "source/http/lane.h"

#include <utility>

#include "source/base/check.h"

namespace omni {

void Lane::put_headers(size_t at) {
  if (is_dead(at)) return;
  if (at == count()) return stages_.out_headers();
  slots_[at].headers = true;
  pump();
}

void Lane::put_body(Buffer&& bytes, size_t at) {
  if (is_dead(at) || bytes.empty()) return;
  if (at == count()) return stages_.out_body(std::move(bytes));
  slots_[at].body.append(std::move(bytes));
  pump();
}

void Lane::put_complete(size_t at) {
  if (is_dead(at)) return;
  if (at == count()) return stages_.out_complete();
  slots_[at].complete = true;
  pump();
}

void Lane::resume(size_t stage) {
  OMNI_CHECK(stage < count());
  Slot& slot = slots_[stage];
  if (slot.in_callback) {
    slot.resumed_early = true;
    return;
  }
  if (slot.parked == Event::kNothing || is_dead(stage)) return;
  const Event event = std::exchange(slot.parked, Event::kNothing);
  const std::unique_ptr<Buffer> kept = std::move(slot.kept);
  forward(stage, event, kept.get());
  pump();
}

void Lane::cut_before(size_t end) {
  if (end <= dead_before_) return;
  dead_before_ = end;
  for (size_t i = 0; i < count() && i < end; ++i) empty(slots_[i]);
}

void Lane::empty(Slot& slot) {
  slot.headers = slot.complete = false;
  slot.parked = Event::kNothing;
  slot.body.clear();
  slot.kept.reset();
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

size_t Lane::buffered() const {
  size_t total = 0;
  for (const Slot& slot : slots_) total += slot.body.size() + (slot.kept ? slot.kept->size() : 0);
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
  own_all();
}

// What did not move outlives the read callback that lent it.
void Lane::own_all() {
  for (Slot& slot : slots_) {
    if (!slot.body.empty()) slot.body.own();
    if (slot.kept) slot.kept->own();
  }
}

bool Lane::step(size_t at) {
  Slot& slot = slots_[at];
  if (slot.parked != Event::kNothing || slot.in_callback || is_dead(at)) return false;
  if (slot.whole && !slot.complete) return false;
  if (slot.headers) {
    slot.headers = false;
    slot.begun = true;
    return run(at, Event::kHeaders, nullptr);
  }
  if (!slot.body.empty()) {
    Buffer bytes = std::move(slot.body);
    return run(at, Event::kBody, &bytes);
  }
  if (!slot.complete) return false;
  slot.complete = slot.whole = false;
  return run(at, Event::kComplete, nullptr);
}

bool Lane::run(size_t at, Event event, Buffer* bytes) {
  Slot& slot = slots_[at];
  slot.in_callback = true;
  Next next = call(at, event, bytes);
  slot.in_callback = false;
  if (slot.resumed_early) {
    slot.resumed_early = false;
    next = Next::kContinue;
  }
  if (is_dead(at)) return true;
  if (next == Next::kContinue) {
    forward(at, event, bytes);
    return true;
  }
  slot.parked = event;
  if (bytes != nullptr && !bytes->empty()) slot.kept = std::make_unique<Buffer>(std::move(*bytes));
  return true;
}

Next Lane::call(size_t at, Event event, Buffer* bytes) {
  switch (event) {
    case Event::kHeaders:
      return stages_.on_lane_headers(at);
    case Event::kBody:
      return stages_.on_lane_body(at, *bytes);
    default:
      return stages_.on_lane_complete(at);
  }
}

void Lane::forward(size_t from, Event event, Buffer* bytes) {
  const size_t to = from + 1;
  if (is_dead(to)) return;
  if (to == count()) {
    if (event == Event::kHeaders) return stages_.out_headers();
    if (event == Event::kComplete) return stages_.out_complete();
    if (bytes != nullptr && !bytes->empty()) stages_.out_body(std::move(*bytes));
    return;
  }
  Slot& next = slots_[to];
  if (event == Event::kHeaders) {
    next.headers = true;
  } else if (event == Event::kComplete) {
    next.complete = true;
  } else if (bytes != nullptr) {
    next.body.append(std::move(*bytes));
  }
}

}  // namespace omni
