// State that outlives a configuration: cells that workers share, kept by name across reloads. A
// snapshot holds the cells that its requests use; who builds the next one gets the same cells.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "source/base/strings.h"

namespace omni {

// Main thread. A cell lives as long as somebody holds it, and is changed by single atomic
// operations only, so that no worker ever waits. Give it a cache line of its own: alignas(64).
template <class Cell>
class CellMap {
 public:
  // The cell of this name; made from `arguments` when nobody holds one.
  template <class... Arguments>
  std::shared_ptr<Cell> at(std::string_view name, Arguments&&... arguments) {
    if (const auto known = cells_.find(name); known != cells_.end())
      if (std::shared_ptr<Cell> cell = known->second.lock()) return cell;
    forget_dead();
    auto cell = std::make_shared<Cell>(std::forward<Arguments>(arguments)...);
    cells_.insert_or_assign(std::string(name), cell);
    return cell;
  }
  // Calls visit(name, cell) for each cell that somebody holds, in no order.
  template <class Visit>
  void each(Visit visit) const {
    for (const auto& [name, held] : cells_)
      if (const std::shared_ptr<Cell> cell = held.lock()) visit(name, *cell);
  }
  // Names that were not forgotten yet, held or not.
  size_t size() const { return cells_.size(); }

 private:
  static constexpr size_t kFewest = 64;

  // Each time there are twice as many as were left: a constant cost for each cell.
  void forget_dead() {
    if (cells_.size() < next_look_) return;
    absl::erase_if(cells_, [](const auto& entry) { return entry.second.expired(); });
    next_look_ = std::max(kFewest, 2 * cells_.size());
  }

  StringMap<std::weak_ptr<Cell>> cells_;
  size_t next_look_ = kFewest;
};

}  // namespace omni
