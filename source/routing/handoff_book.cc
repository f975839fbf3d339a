#include "source/routing/handoff_book.h"

#include <utility>

#include "source/routing/cells.h"

namespace omni::routing {

size_t HandoffBook::place_of(std::string_view session) { return short_hash(session) % kPlaces; }

std::shared_ptr<const HandoffBook::Entry> HandoffBook::find(std::string_view session) const {
  const Place& place = places_[place_of(session)];
  if (!place.mutex.TryLock()) return nullptr;
  std::shared_ptr<const Entry> found = place.entry;
  place.mutex.Unlock();
  return found != nullptr && found->session == session ? found : nullptr;
}

void HandoffBook::put(Entry entry) {
  if (entry.note.size() > kMostNoteBytes) entry.note.clear();
  if (entry.next.size() > kMostNoteBytes) entry.next.clear();
  auto made = std::make_shared<const Entry>(std::move(entry));
  Place& place = places_[place_of(made->session)];
  if (!place.mutex.TryLock()) return;
  // What was there is freed behind the lock.
  place.entry.swap(made);
  place.has_changed.store(true, std::memory_order_relaxed);
  place.mutex.Unlock();
}

std::vector<HandoffBook::Change> HandoffBook::take_changes() {
  std::vector<Change> out;
  for (size_t i = 0; i < kPlaces; ++i) {
    Place& place = places_[i];
    if (!place.has_changed.load(std::memory_order_relaxed)) continue;
    if (!place.mutex.TryLock()) continue;  // The next call will find it.
    place.has_changed.store(false, std::memory_order_relaxed);
    out.push_back({.place = i, .entry = place.entry});
    place.mutex.Unlock();
  }
  return out;
}

}  // namespace omni::routing
