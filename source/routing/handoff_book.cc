#include "source/routing/handoff_book.h"

#include <utility>

#include "source/routing/cells.h"

namespace omni::routing {

size_t HandoffBook::place_of(std::string_view session) { return short_hash(session) % kPlaces; }

std::shared_ptr<const HandoffBook::Entry> HandoffBook::find(std::string_view session) const {
  const Place& place = places_[place_of(session)];
  std::unique_lock<std::mutex> lock(place.mutex, std::try_to_lock);
  if (!lock) return nullptr;
  std::shared_ptr<const Entry> found = place.entry;
  lock.unlock();
  return found != nullptr && found->session == session ? found : nullptr;
}

void HandoffBook::put(Entry entry) {
  if (entry.note.size() > kMostNoteBytes) entry.note.clear();
  if (entry.next.size() > kMostNoteBytes) entry.next.clear();
  auto made = std::make_shared<const Entry>(std::move(entry));
  Place& place = places_[place_of(made->session)];
  const std::unique_lock<std::mutex> lock(place.mutex, std::try_to_lock);
  if (!lock) return;
  // What was there is freed behind the lock, which goes before `made` does.
  place.entry.swap(made);
  place.has_changed.store(true, std::memory_order_relaxed);
}

std::vector<HandoffBook::Change> HandoffBook::take_changes() {
  std::vector<Change> out;
  for (size_t i = 0; i < kPlaces; ++i) {
    Place& place = places_[i];
    if (!place.has_changed.load(std::memory_order_relaxed)) continue;
    const std::unique_lock<std::mutex> lock(place.mutex, std::try_to_lock);
    if (!lock) continue;  // The next call will find it.
    place.has_changed.store(false, std::memory_order_relaxed);
    out.push_back({.place = i, .entry = place.entry});
  }
  return out;
}

}  // namespace omni::routing
