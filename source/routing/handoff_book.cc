#include "source/routing/handoff_book.h"

#include <functional>
#include <utility>

namespace omni::routing {

size_t HandoffBook::place_of(std::string_view session) {
  return std::hash<std::string_view>{}(session) % kPlaces;
}

std::shared_ptr<const HandoffBook::Entry> HandoffBook::find(std::string_view session) const {
  const Place& place = places_[place_of(session)];
  if (!place.mutex.TryLock()) return nullptr;
  std::shared_ptr<const Entry> found = place.entry;
  place.mutex.Unlock();
  return found != nullptr && found->session == session ? found : nullptr;
}

void HandoffBook::put(Entry entry) {
  if (entry.note.size() > kMostNoteBytes) entry.note.clear();
  auto made = std::make_shared<const Entry>(std::move(entry));
  Place& place = places_[place_of(made->session)];
  if (!place.mutex.TryLock()) return;
  // What was there is freed behind the lock.
  place.entry.swap(made);
  place.mutex.Unlock();
}

}  // namespace omni::routing
