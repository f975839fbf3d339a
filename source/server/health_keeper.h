// What is known of providers' health, on its way to the disk and back: a restart forgets no
// cooldown that a provider asked for, and wakes no provider that is down.
#pragma once

#include <memory>
#include <vector>

#include "api/event.h"
#include "api/store.h"
#include "source/routing/cell_registry.h"

namespace omni {

// Name of a cell -> what CellRegistry::save() made of it.
inline constexpr TableId kHealthTable{Realm::kState, "health"};

// Main thread. Looks once a second, and writes what has changed.
class HealthKeeper {
 public:
  // Everything outlives this.
  HealthKeeper(Dispatcher& home, Store& store, routing::CellRegistry& cells);

  // Before the first request. What cannot be read is left out; a status says so.
  absl::Status load();
  // Begins to look.
  void start();
  // What has changed by now goes to the store.
  void save();

 private:
  Dispatcher& home_;
  Store& store_;
  routing::CellRegistry& cells_;
  std::vector<routing::CellRegistry::Saved> last_;  // By name; what the table holds.
  std::unique_ptr<Timer> timer_;
};

}  // namespace omni
