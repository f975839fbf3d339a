// What a gateway key's holder may use: as it was configured, and with the cells that count.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/cell_map.h"
#include "source/limits/budget.h"
#include "source/limits/rate_limit.h"
#include "source/limits/session_slots.h"

namespace omni {

struct KeyRules {
  std::vector<RateLimit> rate_limits;
  std::optional<MoneyBudget> budget;
  uint32_t max_sessions = 0;  // 0: any number.

  // The same exactly when the rules are; for telling whether something changed.
  std::string text() const;
  bool operator==(const KeyRules&) const = default;
};

struct KeyLimits {
  std::vector<RateWindow> windows;  // The longest first: it tells the longest wait.
  std::optional<MoneyBudget> budget;
  std::shared_ptr<SpendCell> spend;        // Null without a budget.
  std::shared_ptr<SessionSlots> sessions;  // Null: any number.

  bool any() const { return !windows.empty() || budget || sessions != nullptr; }
  bool counts_tokens() const;
};

// The cells of all keys. Main thread. A key is known by its id: windows of the same length and
// measure, budgets of the same period, and sessions go on counting when their limit changes.
class KeyCells {
 public:
  KeyLimits attach(std::string_view key_id, const KeyRules& rules);

 private:
  CellMap<WindowCell> windows_;
  CellMap<SpendCell> spends_;
  CellMap<SessionCells> sessions_;
};

// What spends are kept under: one name for each key and period.
std::string spend_name(std::string_view key_id, BudgetPeriod period);

}  // namespace omni
