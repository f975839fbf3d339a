// The cells of everything that requests go to, by name, over all configurations.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/cell_map.h"
#include "source/catalog/provider.h"
#include "source/routing/cells.h"
#include "source/routing/combo.h"
#include "source/routing/handoff_book.h"

namespace omni::routing {

// Main thread; the cells themselves are everybody's.
class CellRegistry {
 public:
  // Gives providers and their accounts their cells. An account whose key is another than before
  // begins anew.
  void attach(std::vector<Provider>& providers);
  // The same for a combo whose targets are flattened. It begins anew when they are others.
  void attach(Combo& combo);

  // One line per cell that is not as it was made, for the store: name and what restore() takes.
  struct Saved {
    std::string name;
    std::string value;
    bool operator==(const Saved&) const = default;
  };
  // What is worth remembering over a restart at `now_ms`, by name.
  std::vector<Saved> save(int64_t now_ms) const;
  // Before or after attach(). What is not understood, or over by now, is left out.
  void restore(const Saved& saved, int64_t now_ms);
  // All cooldowns, locks and breakers are over, and every account is good.
  void reset();

  // The book of the combo that has this name here, made when there is none.
  std::shared_ptr<HandoffBook> handoffs(std::string_view name) { return handoffs_.at(name); }
  // Calls visit(name, book) for each that a snapshot, or somebody else, holds.
  template <class Visit>
  void each_handoffs(Visit visit) const {
    handoffs_.each(visit);
  }

 private:
  void restore_locks(const Saved& saved, int64_t now_ms);

  CellMap<AccountCell> accounts_;
  CellMap<ProviderCell> providers_;
  CellMap<TargetCell> targets_;
  CellMap<ComboCell> combos_;
  CellMap<HandoffBook> handoffs_;
  // What was restored waits here for the configuration that uses it.
  std::vector<std::shared_ptr<const void>> restored_;
};

}  // namespace omni::routing
