#include "source/routing/accounts.h"

#include <absl/container/inlined_vector.h>
#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "source/catalog/allowed.h"
#include "source/routing/cells.h"
#include "source/routing/policy.h"
#include "source/routing/quota.h"

namespace omni::routing {
namespace {

constexpr std::string_view kQueued = "queued", kTried = "tried";

// When a running request ends is not known: who waits for it asks again soon.
constexpr int64_t kAskAgainMs = 20;

int64_t free_at(const AccountCell& cell, int64_t now_ms, const QueueRule& rule) {
  const bool is_full =
      rule.concurrent > 0 && cell.in_flight.load(std::memory_order_relaxed) >= rule.concurrent;
  return std::max(cell.queue.next_ms(now_ms, rule), is_full ? now_ms + kAskAgainMs : 0);
}

// Accounts that tests make have no cells: nothing is known of them.
Fitness fitness_of(const Account& account, const AccountQuery& query, int64_t& until_ms,
                   std::string_view& why) {
  if (std::find(query.excluded.begin(), query.excluded.end(), &account) != query.excluded.end()) {
    why = kTried;
    return Fitness::kOut;
  }
  if (query.allowed != nullptr && !is_allowed_account(*query.allowed, query.provider, &account)) {
    why = "not_allowed";
    return Fitness::kOut;
  }
  const AccountCell* cell = account.cell.get();
  if (cell == nullptr) return Fitness::kGood;
  Fitness out = Fitness::kGood;
  const auto rest_until = [&](int64_t until, bool is_hard, std::string_view reason) {
    if (until <= query.now_ms) return;
    out = std::max(out, is_hard ? Fitness::kWaiting : Fitness::kResting);
    until_ms = std::max(until_ms, until);
    why = reason;
  };
  if (query.queue != nullptr) rest_until(free_at(*cell, query.now_ms, *query.queue), true, kQueued);
  const CooldownState cooldown = cell->cooldown.load();
  rest_until(cooldown.until_ms, cooldown.is_hard, "cooling_down");
  const ModelLocks::Lock lock = cell->locks.find(query.model, query.now_ms);
  rest_until(lock.until_ms, lock.is_hard, "model_locked");
  if (cell->quota.may_be_scarce()) {
    const QuotaState quota = cell->quota.load(query.now_ms);
    // With nothing left, an answer would only say so.
    const bool is_spent = quota.share == 0;
    if (quota.is_known)
      rest_until(quota.reset_ms, is_spent, is_spent ? "quota_exhausted" : "quota_scarce");
  }
  if (const Standing standing = cell->standing.load(std::memory_order_relaxed);
      standing != Standing::kGood) {
    // When its time is over it may be tried again: money is topped up, bans are lifted.
    if (cooldown.until_ms > query.now_ms) {
      why = name_of(standing);
      return Fitness::kOut;
    }
  }
  return out;
}

// Those that failed in this request are no news.
void note(const AccountQuery& query, const Account& account, std::string_view why,
          int64_t until_ms) {
  if (query.notes != nullptr && !why.empty() && why != kTried)
    query.notes->push_back({&account, why, until_ms});
}

struct Candidates {
  absl::InlinedVector<const Account*, 8> best;
  Fitness fitness = Fitness::kOut;
};

// Those that may be tried and do best.
Candidates candidates(const AccountQuery& query) {
  Candidates out;
  for (const Account& account : query.provider.accounts) {
    if (query.only != nullptr && query.only != &account) continue;
    int64_t until_ms = 0;
    std::string_view why;
    const Fitness fitness = fitness_of(account, query, until_ms, why);
    note(query, account, why, until_ms);
    if (fitness > out.fitness || fitness >= Fitness::kWaiting) continue;
    if (fitness < out.fitness) out.best.clear();
    out.fitness = fitness;
    out.best.push_back(&account);
  }
  return out;
}

uint64_t uses_of(const Account& account) {
  return account.cell ? account.cell->uses.load(std::memory_order_relaxed) : 0;
}

int64_t load_of(const Account& account) {
  return account.cell ? account.cell->in_flight.load(std::memory_order_relaxed) : 0;
}

const Account* by_weight(absl::Span<const Account* const> among, uint64_t random) {
  int64_t sum = 0;
  for (const Account* each : among) sum += each->weight;
  if (sum == 0) return among[random % among.size()];
  auto left = static_cast<int64_t>(random % static_cast<uint64_t>(sum));
  for (const Account* each : among)
    if ((left -= each->weight) < 0) return each;
  return among.back();
}

const Account* less_busy(const Account* a, const Account* b, int64_t now_ms) {
  const auto rank = [&](const Account& each) {
    const int level = each.cell ? each.cell->cooldown.load().level : 0;
    const double share = each.cell ? each.cell->quota.load(now_ms).share : 1;
    return std::tuple(level, load_of(each), -share);
  };
  return rank(*b) < rank(*a) ? b : a;
}

const Account* pick(const Provider& provider, absl::Span<const Account* const> among,
                    uint64_t random, int64_t now_ms) {
  if (among.size() == 1) return among.front();
  const auto least = [&](auto rank) {
    return *std::min_element(among.begin(), among.end(), [&](const Account* a, const Account* b) {
      return rank(*a) < rank(*b);
    });
  };
  switch (provider.spread) {
    case AccountSpread::kRoundRobin: {
      if (!provider.cell) return among.front();
      const uint64_t turn = provider.cell->turn.fetch_add(1, std::memory_order_relaxed);
      return among[turn / static_cast<uint64_t>(provider.sticky_limit) % among.size()];
    }
    case AccountSpread::kWeighted:
      return by_weight(among, random);
    case AccountSpread::kRandom:
      return among[random % among.size()];
    case AccountSpread::kLeastUsed:
      return least([](const Account& each) { return std::pair(uses_of(each), each.priority); });
    case AccountSpread::kPowerOfTwo: {
      const size_t first = random % among.size();
      const size_t second = (first + 1 + (random >> 32) % (among.size() - 1)) % among.size();
      return less_busy(among[first], among[second], now_ms);
    }
    case AccountSpread::kExpiryFirst:
      return least([&](const Account& each) {
        const QuotaState quota = each.cell ? each.cell->quota.load(now_ms) : QuotaState{};
        return std::pair(rank_by_reset(quota), each.priority);
      });
    default:
      return least([](const Account& each) { return each.priority; });
  }
}

}  // namespace

AccountChoice look_at_accounts(const AccountQuery& query) {
  AccountChoice out{.why = "no_account"};
  int64_t earliest = std::numeric_limits<int64_t>::max();
  for (const Account& account : query.provider.accounts) {
    if (query.only != nullptr && query.only != &account) continue;
    int64_t until_ms = 0;
    std::string_view why;
    const Fitness fitness = fitness_of(account, query, until_ms, why);
    if (fitness == Fitness::kGood) return {.fitness = Fitness::kGood};
    note(query, account, why, until_ms);
    if (fitness == Fitness::kWaiting && until_ms < earliest) {
      earliest = until_ms;
      out.queued = why == kQueued ? &account : nullptr;
    }
    if (fitness > out.fitness) continue;
    out.fitness = fitness;
    out.why = why;
  }
  if (out.fitness == Fitness::kWaiting)
    out.until_ms = earliest;
  else
    out.queued = nullptr;
  return out;
}

AccountChoice choose_account(const AccountQuery& query) {
  const Candidates among = candidates(query);
  if (among.best.empty()) {
    AccountQuery again = query;
    again.notes = nullptr;  // It has them.
    return look_at_accounts(again);
  }
  AccountChoice out{.fitness = among.fitness};
  const Provider& provider = query.provider;
  const bool pins = !query.session.empty() && provider.session_affinity > absl::ZeroDuration() &&
                    provider.accounts.size() > 1 && provider.cell;
  if (pins) {
    if (const uint16_t pinned = provider.cell->pins.find(query.session, query.now_ms))
      for (const Account* each : among.best)
        if (short_hash(each->name) == pinned) out.account = each;
  }
  if (out.account == nullptr) out.account = pick(provider, among.best, query.random, query.now_ms);
  const Account& account = *out.account;
  if (pins)
    provider.cell->pins.pin(query.session, short_hash(account.name),
                            query.now_ms + absl::ToInt64Milliseconds(provider.session_affinity));
  if (account.cell) {
    account.cell->uses.fetch_add(1, std::memory_order_relaxed);
    account.cell->last_used_ms.store(query.now_ms, std::memory_order_relaxed);
  }
  return out;
}

}  // namespace omni::routing
