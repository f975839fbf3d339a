#include "source/routing/cell_registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "source/base/digest.h"

namespace omni::routing {
namespace {

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

std::optional<std::vector<int64_t>> numbers(std::string_view text) {
  std::vector<int64_t> out;
  for (const std::string_view part : split(text, ' ')) {
    const std::optional<int64_t> number = parse_int(part);
    if (!number || *number < 0) return std::nullopt;
    out.push_back(*number);
  }
  return out;
}

std::optional<std::vector<int64_t>> numbers(std::string_view text, size_t count) {
  std::optional<std::vector<int64_t>> out = numbers(text);
  if (out && out->size() != count) out.reset();
  return out;
}

// Limits change with every answer, and what is kept is written: so only roughly, and not what is
// over before anybody asks.
QuotaState worth_keeping(QuotaState quota, int64_t now_ms) {
  constexpr int64_t kMinuteMs = 60000;
  const bool is_soon_over = quota.reset_ms <= now_ms + kMinuteMs;
  if (!quota.is_known || (quota.share > 0 && is_soon_over)) return {};
  quota.share = std::ceil(quota.share * 20) / 20;
  if (quota.share > 0) quota.reset_ms = (quota.reset_ms + kMinuteMs - 1) / kMinuteMs * kMinuteMs;
  return quota;
}

constexpr std::string_view kAccounts = "account/";
// A name of its own beside the account's, so that what was written before is still read.
constexpr std::string_view kLocks = "locks/";

// A time that is not sane is still one that can be reckoned with.
constexpr int64_t kLatestMs = int64_t{1} << 44;

// Each is its end, its model's hash, and whether its provider asked for it.
std::string text_of(const std::vector<ModelLocks::Held>& locks) {
  std::string out;
  for (const ModelLocks::Held& each : locks)
    out += fmt::format("{}{} {} {}", out.empty() ? "" : " ", each.lock.until_ms, each.hash,
                       static_cast<int>(each.lock.is_hard));
  return out;
}

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

void CellRegistry::attach(std::vector<Provider>& providers) {
  for (Provider& each : providers) {
    each.cell = providers_.at(fmt::format("provider/{}", each.id));
    for (Account& one : each.accounts) one.cell = accounts_.at(account_name(each, one));
  }
}

void CellRegistry::attach(Combo& made) {
  made.cell = combos_.at(combo_name(made));
  if (made.strategy == Strategy::kContextRelay) made.handoffs = handoffs_.at(combo_name(made));
  if (made.strategy == Strategy::kCostOptimized && made.cell->warm == nullptr)
    made.cell->warm = std::make_unique<SessionPins>();
  for (ComboTarget& each : made.targets) {
    const std::string name = fmt::format("{}/{}", each.target.provider->id, each.target.model);
    made.cells.push_back(targets_.at(name));
    each.target.cell = made.cells.back().get();
    each.cell = each.target.cell;
    const Provider& provider = *each.target.provider;
    each.provider = provider.cell.get();
    const Account* first = each.target.account;
    if (first == nullptr && !provider.accounts.empty()) first = &provider.accounts.front();
    each.account = first == nullptr ? nullptr : first->cell.get();
    each.has_one_account = each.account != nullptr &&
                           (each.target.account != nullptr || provider.accounts.size() == 1);
  }
}

std::vector<CellRegistry::Saved> CellRegistry::save(int64_t now_ms) const {
  std::vector<Saved> out;
  accounts_.each([&](const std::string& name, const AccountCell& cell) {
    if (const std::vector<ModelLocks::Held> locks = cell.locks.held(now_ms); !locks.empty())
      out.push_back({fmt::format("{}{}", kLocks, name.substr(kAccounts.size())), text_of(locks)});
    const CooldownState state = cell.cooldown.load();
    const QuotaState quota = worth_keeping(cell.quota.load(now_ms), now_ms);
    if (state.until_ms <= now_ms && !quota.is_known) return;
    std::string value =
        fmt::format("{} {} {} {}", state.until_ms, state.level, static_cast<int>(state.is_hard),
                    static_cast<int>(cell.standing.load()));
    if (quota.is_known)
      value += fmt::format(" {} {}", std::lround(quota.share * 1000), quota.reset_ms);
    out.push_back({name, std::move(value)});
  });
  providers_.each([&](const std::string& name, const ProviderCell& cell) {
    const BreakerState state = cell.breaker.load();
    if (state.phase == BreakerState::Phase::kClosed) return;
    out.push_back({name, fmt::format("{} {}", state.until_ms, state.cycles)});
  });
  combos_.each([&](const std::string& name, const ComboCell& cell) {
    if (const uint32_t good = cell.last_good.load(); good != 0)
      out.push_back({name, fmt::format("{}", good)});
  });
  std::sort(out.begin(), out.end(), [](const Saved& a, const Saved& b) { return a.name < b.name; });
  return out;
}

void CellRegistry::restore_locks(const Saved& saved, int64_t now_ms) {
  const auto read = numbers(saved.value);
  if (!read || read->size() % 3 != 0) return;
  const std::string_view account = std::string_view(saved.name).substr(kLocks.size());
  const std::shared_ptr<AccountCell> cell = accounts_.at(fmt::format("{}{}", kAccounts, account));
  for (size_t i = 0; i < read->size(); i += 3) {
    const ModelLocks::Lock lock{.until_ms = std::min((*read)[i], kLatestMs),
                                .is_hard = (*read)[i + 2] != 0};
    if (lock.until_ms <= now_ms) continue;
    cell->locks.lock({.hash = static_cast<uint64_t>((*read)[i + 1]), .lock = lock}, now_ms);
    cell->has_locks.store(true, std::memory_order_relaxed);
  }
  restored_.push_back(cell);
}

void CellRegistry::restore(const Saved& saved, int64_t now_ms) {
  if (begins_with(saved.name, kLocks)) return restore_locks(saved, now_ms);
  if (begins_with(saved.name, kAccounts)) {
    auto read = numbers(saved.value, 6);
    const bool has_quota = read && (*read)[4] <= 1000 && (*read)[5] > now_ms;
    if (!read) read = numbers(saved.value, 4);
    if (!read || (*read)[1] > CooldownCell::kMostLevel || (*read)[3] > 2) return;
    if ((*read)[0] <= now_ms && !has_quota) return;
    const std::shared_ptr<AccountCell> cell = accounts_.at(saved.name);
    restored_.push_back(cell);
    if (has_quota)
      cell->quota.store({.is_known = true,
                         .share = static_cast<double>((*read)[4]) / 1000,
                         .reset_ms = (*read)[5]});
    if ((*read)[0] <= now_ms) return;
    cell->cooldown.restore({.until_ms = (*read)[0],
                            .level = static_cast<int>((*read)[1]),
                            .is_hard = (*read)[2] != 0});
    cell->standing.store(static_cast<Standing>((*read)[3]));
  } else if (begins_with(saved.name, "provider/")) {
    const auto read = numbers(saved.value, 2);
    if (!read || (*read)[1] > 63) return;
    const std::shared_ptr<ProviderCell> cell = providers_.at(saved.name);
    cell->breaker.restore({.phase = BreakerState::Phase::kOpen,
                           .cycles = static_cast<int>((*read)[1]),
                           .until_ms = (*read)[0]});
    restored_.push_back(cell);
  } else if (begins_with(saved.name, "combo/")) {
    const auto read = numbers(saved.value, 1);
    if (!read || (*read)[0] > static_cast<int64_t>(ComboCell::kMostTargets)) return;
    const std::shared_ptr<ComboCell> cell = combos_.at(saved.name);
    cell->last_good.store(static_cast<uint32_t>((*read)[0]));
    restored_.push_back(cell);
  }
}

void CellRegistry::reset() {
  accounts_.each([](const std::string&, AccountCell& cell) {
    cell.cooldown.restore({});
    cell.quota.store({});
    cell.standing.store(Standing::kGood);
    cell.locks.clear();
    cell.has_locks.store(false);
  });
  providers_.each([](const std::string&, ProviderCell& cell) { cell.breaker.restore({}); });
}

}  // namespace omni::routing
