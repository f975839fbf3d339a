#include "source/routing/cell_registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "source/base/digest.h"

namespace omni::routing {
namespace {

template <class Cell>
std::shared_ptr<Cell> at(StringMap<std::shared_ptr<Cell>>& cells, const std::string& name) {
  std::shared_ptr<Cell>& cell = cells[name];
  if (!cell) cell = std::make_shared<Cell>();
  return cell;
}

// A few bytes of a digest: a name must not tell a key.
std::string mark_of(std::string_view secret) {
  return to_hex(as_bytes(sha256(secret)).substr(0, 6));
}

std::string account_name(const Provider& provider, const Account& account) {
  return fmt::format("account/{}/{}#{}", provider.id, account.name,
                     mark_of(account.api_key.reveal()));
}

std::string combo_name(const Combo& combo) {
  std::string targets;
  for (const ComboTarget& each : combo.targets)
    targets += fmt::format("{}/{}\n", each.target.provider->id, each.target.model);
  return fmt::format("combo/{}#{}", combo.name, mark_of(targets));
}

std::optional<std::vector<int64_t>> numbers(std::string_view text, size_t count) {
  std::vector<int64_t> out;
  for (const std::string_view part : split(text, ' ')) {
    const std::optional<int64_t> number = parse_int(part);
    if (!number || *number < 0) return std::nullopt;
    out.push_back(*number);
  }
  if (out.size() != count) return std::nullopt;
  return out;
}

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

std::shared_ptr<AccountCell> CellRegistry::account(const std::string& name) {
  return at(accounts_, name);
}
std::shared_ptr<ProviderCell> CellRegistry::provider(const std::string& name) {
  return at(providers_, name);
}
std::shared_ptr<ComboCell> CellRegistry::combo(const std::string& name) {
  return at(combos_, name);
}

void CellRegistry::attach(std::vector<Provider>& providers) {
  for (Provider& each : providers) {
    each.cell = provider(fmt::format("provider/{}", each.id));
    for (Account& one : each.accounts) one.cell = account(account_name(each, one));
  }
}

void CellRegistry::attach(Combo& made) {
  made.cell = combo(combo_name(made));
  for (ComboTarget& each : made.targets) {
    const std::string name = fmt::format("{}/{}", each.target.provider->id, each.target.model);
    made.cells.push_back(at(targets_, name));
    each.target.cell = made.cells.back().get();
    const Provider& provider = *each.target.provider;
    each.provider = provider.cell.get();
    const Account* first = each.target.account;
    if (first == nullptr && !provider.accounts.empty()) first = &provider.accounts.front();
    each.account = first == nullptr ? nullptr : first->cell.get();
  }
}

std::vector<CellRegistry::Saved> CellRegistry::save(int64_t now_ms) const {
  std::vector<Saved> out;
  for (const auto& [name, cell] : accounts_) {
    const CooldownState state = cell->cooldown.load();
    if (state.until_ms <= now_ms) continue;
    out.push_back({name, fmt::format("{} {} {} {}", state.until_ms, state.level,
                                     static_cast<int>(state.is_hard),
                                     static_cast<int>(cell->standing.load()))});
  }
  for (const auto& [name, cell] : providers_) {
    const BreakerState state = cell->breaker.load();
    if (state.phase == BreakerState::Phase::kClosed) continue;
    out.push_back({name, fmt::format("{} {}", state.until_ms, state.cycles)});
  }
  for (const auto& [name, cell] : combos_)
    if (const uint32_t good = cell->last_good.load(); good != 0)
      out.push_back({name, fmt::format("{}", good)});
  std::sort(out.begin(), out.end(), [](const Saved& a, const Saved& b) { return a.name < b.name; });
  return out;
}

void CellRegistry::restore(const Saved& saved, int64_t now_ms) {
  if (begins_with(saved.name, "account/")) {
    const auto read = numbers(saved.value, 4);
    if (!read || (*read)[0] <= now_ms || (*read)[1] > CooldownCell::kMostLevel || (*read)[3] > 3)
      return;
    AccountCell& cell = *account(saved.name);
    cell.cooldown.restore({.until_ms = (*read)[0],
                           .level = static_cast<int>((*read)[1]),
                           .is_hard = (*read)[2] != 0});
    cell.standing.store(static_cast<Standing>((*read)[3]));
  } else if (begins_with(saved.name, "provider/")) {
    const auto read = numbers(saved.value, 2);
    if (!read || (*read)[1] > 63) return;
    provider(saved.name)
        ->breaker.restore({.phase = BreakerState::Phase::kOpen,
                           .cycles = static_cast<int>((*read)[1]),
                           .until_ms = (*read)[0]});
  } else if (begins_with(saved.name, "combo/")) {
    const auto read = numbers(saved.value, 1);
    if (read && (*read)[0] <= static_cast<int64_t>(ComboCell::kMostTargets))
      combo(saved.name)->last_good.store(static_cast<uint32_t>((*read)[0]));
  }
}

void CellRegistry::reset() {
  for (const auto& [name, cell] : accounts_) {
    cell->cooldown.restore({});
    cell->standing.store(Standing::kGood);
    cell->locks.clear();
  }
  for (const auto& [name, cell] : providers_) cell->breaker.restore({});
}

}  // namespace omni::routing
