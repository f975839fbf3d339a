// Providers and combos in a line or two, with cells as a process gives them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/routing/cell_registry.h"
#include "source/routing/combo.h"

namespace omni::test {

inline constexpr int64_t kNowMs = 1'800'000'000'000;

// Providers "p0".."pN", each with one model "m" and accounts "a", "b", ...
class Fleet {
 public:
  explicit Fleet(size_t providers, size_t accounts = 1) {
    for (size_t i = 0; i < providers; ++i) {
      Provider made;
      made.id = "p" + std::to_string(i);
      Model model{.id = "m", .context = 1000 * static_cast<int64_t>(i + 1)};
      model.price = Price{.input = static_cast<double>(providers - i), .output = 1};
      made.models.push_back(model);
      for (size_t a = 0; a < accounts; ++a) {
        Account account;
        account.name = std::string(1, static_cast<char>('a' + a));
        account.connection = made.id + "/" + account.name;
        account.priority = static_cast<int>(a);
        made.accounts.push_back(std::move(account));
      }
      made_.push_back(std::move(made));
    }
  }

  // Before the first combo or list.
  Provider& provider(size_t index) { return made_[index]; }

  const ProviderList& list() {
    if (!list_) {
      cells.attach(made_);
      list_ = std::make_unique<ProviderList>(made_);
    }
    return *list_;
  }

  // Of every provider's "m", all of weight 1.
  routing::Combo combo(routing::Strategy strategy, std::vector<double> weights = {}) {
    routing::ComboConfig config{.name = "c", .strategy = strategy};
    for (size_t i = 0; i < list().all().size(); ++i)
      config.steps.push_back(
          {.model = list().all()[i].id + "/m", .weight = i < weights.size() ? weights[i] : 1});
    routing::Combo made{.name = "c", .strategy = strategy};
    routing::Flattener({config}, list(), aliases_).flatten(config, made);
    prepare_scores({}, made);
    cells.attach(made);
    return made;
  }

  static std::vector<uint16_t> places(const routing::Combo& combo) {
    std::vector<uint16_t> out;
    for (size_t i = 0; i < combo.targets.size(); ++i) out.push_back(static_cast<uint16_t>(i));
    return out;
  }

  routing::CellRegistry cells;

 private:
  std::vector<Provider> made_;
  std::unique_ptr<ProviderList> list_;
  AliasMap aliases_;
};

}  // namespace omni::test
