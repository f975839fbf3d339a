// Who answered a conversation last, and what whoever takes it over is told of it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/digest.h"

namespace omni::routing {

// Conversations share places: one that is talked to less gives way. Any thread; nobody waits, so
// that what another thread holds at this moment counts as not known.
class HandoffBook {
 public:
  static constexpr size_t kPlaces = 1024;
  static constexpr size_t kMostNoteBytes = 32 * 1024;

  // Notes are as they stand between the quotes of JSON.
  struct Entry {
    std::string session;      // With whose it is.
    std::string server;       // Provider, account and model.
    std::string note;         // What `server` was told when it took over; empty: nothing.
    std::string next;         // What its successor will be told; empty: nothing was written ahead.
    bool is_private = false;  // Of a client of whom nothing is written down.
    // What both were made of, as far as it can be known again: other conversations may have the
    // same name, and must not be told. How many messages, and a digest of them.
    uint64_t messages = 0;
    Digest digest{};

    bool has_notes() const { return !note.empty() || !next.empty(); }
  };

  // Null when nothing is known.
  std::shared_ptr<const Entry> find(std::string_view session) const;
  // Replaces what was there. A note that is too long is left out.
  void put(Entry entry);

  struct Change {
    size_t place = 0;
    std::shared_ptr<const Entry> entry;
  };
  // What was put since the last call. One thread.
  std::vector<Change> take_changes();
  // The same in every process.
  static size_t place_of(std::string_view session);

 private:
  struct Place {
    mutable std::mutex mutex;  // Guards entry; held for a pointer's copy only.
    std::shared_ptr<const Entry> entry;
    std::atomic<bool> has_changed{false};
  };

  std::array<Place, kPlaces> places_;
};

}  // namespace omni::routing
