// The cells of everything that requests go to, by name, for as long as the process lives.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/strings.h"
#include "source/catalog/provider.h"
#include "source/routing/cells.h"
#include "source/routing/combo.h"

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

 private:
  std::shared_ptr<AccountCell> account(const std::string& name);
  std::shared_ptr<ProviderCell> provider(const std::string& name);
  std::shared_ptr<ComboCell> combo(const std::string& name);

  StringMap<std::shared_ptr<AccountCell>> accounts_;
  StringMap<std::shared_ptr<ProviderCell>> providers_;
  StringMap<std::shared_ptr<TargetCell>> targets_;
  StringMap<std::shared_ptr<ComboCell>> combos_;
};

}  // namespace omni::routing
