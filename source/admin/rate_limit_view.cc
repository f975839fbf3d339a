#include "source/admin/rate_limit_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "source/admin/moment.h"
#include "source/base/format.h"
#include "source/json/writer.h"
#include "source/routing/cells.h"
#include "source/routing/combo.h"

namespace omni {
namespace {

// Requests at one moment.
struct Traffic {
  int32_t queued = 0, running = 0;
};

Traffic traffic_of(const routing::AccountCell& cell) {
  return {.queued = std::max(cell.waiting.load(std::memory_order_relaxed), 0),
          .running = std::max(cell.in_flight.load(std::memory_order_relaxed), 0)};
}

template <class Visit>
void each_connection(const Snapshot& snapshot, Visit visit) {
  for (const Provider& provider : snapshot.providers->all()) {
    if (provider.is_demo) continue;
    for (const Account& account : provider.accounts)
      if (account.cell) visit(provider, account, *account.cell);
  }
}

std::string number_or_null(int64_t number) {
  return number < 0 ? "null" : fmt::format("{}", number);
}

// A limit whose end has come is whole again: of what is left of it nothing is known.
std::string learned_limits(const routing::AccountCell& cell, int64_t now_ms) {
  std::string out = "{";
  for (size_t i = 0; i < routing::kLimitKinds; ++i) {
    const routing::LimitCell& each = cell.limits[i];
    const int64_t limit = each.limit.load(std::memory_order_relaxed);
    const int64_t remaining = each.remaining.load(std::memory_order_relaxed);
    const int64_t reset_ms = each.reset_ms.load(std::memory_order_relaxed);
    if (limit < 0 && remaining < 0) continue;
    const bool is_over = reset_ms != 0 && reset_ms <= now_ms;
    if (out.size() > 1) out += ',';
    append_format(out, R"("{}":{{"limit":{},"remaining":{},"resetAt":{}}})",
                  name_of(static_cast<routing::LimitKind>(i)), number_or_null(limit),
                  number_or_null(is_over ? -1 : remaining), moment(is_over ? 0 : reset_ms));
  }
  return out + "}";
}

std::string configured_rates(const routing::QueueRule& rule) {
  if (!rule.enabled) return "null";
  return fmt::format(
      R"({{"requestsPerMinute":{},"minTimeBetweenRequestsMs":{},"concurrentRequests":{},"maxWaitMs":{}}})",
      rule.per_minute, rule.min_gap_ms, rule.concurrent, rule.max_wait_ms);
}

void append_connection(std::string& out, const Provider& provider, const Account& account,
                       const routing::QueueRule& rule, int64_t now_ms) {
  const routing::AccountCell& cell = *account.cell;
  const Traffic traffic = traffic_of(cell);
  const routing::QuotaState quota = cell.quota.load(now_ms);
  append_format(
      out,
      R"({{"connectionId":{},"provider":{},"name":{},"rateLimitProtection":{},"enabled":{},"active":{},"queued":{},"running":{},"configured":{},"remainingPercent":{},"resetAt":{},"limits":{}}})",
      json::quoted(account.connection), json::quoted(provider.id), json::quoted(account.name),
      rule.enabled, rule.enabled, traffic.queued + traffic.running > 0, traffic.queued,
      traffic.running, configured_rates(rule),
      quota.is_known ? fmt::format("{:.1f}", 100 * quota.share) : "null",
      moment(quota.is_known ? quota.reset_ms : 0), learned_limits(cell, now_ms));
}

// Of a model by this hash, which is all that a lock remembers of it; empty when none is known.
std::string_view locked_model(const Snapshot& snapshot, const Provider& provider, uint64_t hash) {
  for (const Model& model : provider.models)
    if (routing::ModelLocks::hash_of(model.id) == hash) return model.id;
  if (snapshot.combos == nullptr) return "";
  for (const routing::Combo& combo : snapshot.combos->all())
    for (const routing::ComboTarget& each : combo.targets)
      if (each.target.provider == &provider &&
          routing::ModelLocks::hash_of(each.target.model) == hash)
        return each.target.model;
  return "";
}

std::string lockouts(const Snapshot& snapshot, int64_t now_ms) {
  std::string out;
  each_connection(snapshot, [&](const Provider& provider, const Account& account,
                                const routing::AccountCell& cell) {
    for (const routing::ModelLocks::Held& held : cell.locks.held(now_ms)) {
      const std::string_view model = locked_model(snapshot, provider, held.hash);
      append_format(
          out, R"({}{{"provider":{},"model":{},"connectionId":{},"reason":"{}","remainingMs":{}}})",
          out.empty() ? "" : ",", json::quoted(provider.id),
          model.empty() ? "null" : json::quoted(model), json::quoted(account.connection),
          held.lock.is_hard ? "rate_limit_exceeded" : "model_not_found",
          held.lock.until_ms - now_ms);
    }
  });
  return out;
}

}  // namespace

std::string render_rate_limits(const Snapshot& snapshot, absl::Time now, RateLimitDetail detail) {
  const int64_t now_ms = absl::ToUnixMillis(now);
  std::string connections, overview;
  size_t known = 0;
  each_connection(snapshot, [&](const Provider& provider, const Account& account,
                                const routing::AccountCell& cell) {
    if (!connections.empty()) connections += ',', overview += ',';
    append_connection(connections, provider, account, snapshot.resilience.queue, now_ms);
    const Traffic traffic = traffic_of(cell);
    append_format(overview, R"({}:{{"queued":{},"running":{}}})",
                  json::quoted(fmt::format("{}:{}", provider.id, account.connection)),
                  traffic.queued, traffic.running);
    if (cell.quota.load(now_ms).is_known) ++known;
  });
  std::string out = fmt::format(R"({{"connections":[{}],"overview":{{{}}})", connections, overview);
  if (detail == RateLimitDetail::kWithLockouts)
    append_format(out, R"(,"lockouts":[{}],"cacheStats":{{"entries":{}}})",
                  lockouts(snapshot, now_ms), known);
  return out + "}";
}

}  // namespace omni
