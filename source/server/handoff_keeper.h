// Who has which conversation of a context-relay, and what its successor is told, on its way to the
// disk and back: a restart in the middle of a conversation is no reason to lose its thread.
#pragma once

#include <bitset>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/event.h"
#include "api/store.h"
#include "source/routing/cell_registry.h"

namespace omni {

// Name of a book and its place -> the entry there. So there are as many rows as books have places.
inline constexpr TableId kHandoffTable{Realm::kBulk, "handoffs"};

// Main thread. Looks once a second, and writes what has changed; the rows of books that no
// configuration uses any more are erased. What is private is never written.
class HandoffKeeper {
 public:
  // Nobody goes on with a conversation that was last moved before this.
  static constexpr absl::Duration kLongest = absl::Hours(7 * 24);

  // Everything outlives this.
  HandoffKeeper(Dispatcher& home, Store& store, routing::CellRegistry& cells);

  // Before the first snapshot. What cannot be read is left out; a status says so.
  absl::Status load();
  // Begins to look. After the first snapshot.
  void start();
  // What has changed by now goes to the store.
  void save();

 private:
  using Book = routing::HandoffBook;
  using Places = std::bitset<Book::kPlaces>;
  struct Work;

  bool restore(std::string_view key, std::string_view value);
  void gather(const std::string& name, Book& book, Work& work);

  Dispatcher& home_;
  Store& store_;
  routing::CellRegistry& cells_;
  std::map<std::string, Places, std::less<>> rows_;  // What the table holds, by book.
  std::vector<std::string> stale_;                   // Keys that load() could not use.
  // What was restored waits here for the configuration that uses it.
  std::vector<std::shared_ptr<Book>> restored_;
  std::unique_ptr<Timer> timer_;
};

}  // namespace omni
