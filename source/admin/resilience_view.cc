#include "source/admin/resilience_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "source/admin/moment.h"
#include "source/json/writer.h"
#include "source/routing/cells.h"

namespace omni {
namespace {

std::string_view phase(const routing::BreakerState& state) {
  switch (state.phase) {
    case routing::BreakerState::Phase::kClosed:
      return "CLOSED";
    case routing::BreakerState::Phase::kOpen:
      return "OPEN";
    default:
      return "HALF_OPEN";
  }
}

std::string quota(const routing::QuotaState& state) {
  if (!state.is_known) return "null";
  return fmt::format(R"({{"remainingPercent":{:.1f},"resetAt":{}}})", 100 * state.share,
                     moment(state.reset_ms));
}

std::string connection(const Account& account, int64_t now_ms) {
  const routing::AccountCell& cell = *account.cell;
  const routing::CooldownState cooldown = cell.cooldown.load();
  const bool is_cooling = cooldown.until_ms > now_ms;
  const routing::Standing standing = cell.standing.load();
  const bool is_out = standing != routing::Standing::kGood && is_cooling;
  return fmt::format(
      R"({{"connectionId":{},"status":{},"rateLimitedUntil":{},"mayBeTriedBefore":{},"backoffLevel":{},"errorCode":{},"inFlight":{},"requests":{},"lastUsedAt":{},"quota":{}}})",
      json::quoted(account.connection),
      json::quoted(is_out ? name_of(standing) : (is_cooling ? "cooling_down" : "active")),
      is_cooling ? moment(cooldown.until_ms) : "null", is_cooling && !cooldown.is_hard,
      cooldown.level, cell.last_status == 0 ? "null" : fmt::format("{}", cell.last_status.load()),
      std::max(cell.in_flight.load(), 0), cell.uses.load(), moment(cell.last_used_ms),
      quota(cell.quota.load(now_ms)));
}

std::string provider(const Provider& provider, int64_t now_ms) {
  const routing::BreakerState state = provider.cell->breaker.load();
  std::string out = fmt::format(
      R"({{"provider":{},"breaker":{{"state":"{}","failures":{},"openCycles":{},"retryAt":{}}},"connections":[)",
      json::quoted(provider.id), phase(state), state.failures, state.cycles,
      state.until_ms > now_ms ? moment(state.until_ms) : "null");
  for (const Account& account : provider.accounts) {
    if (&account != &provider.accounts.front()) out += ',';
    out += connection(account, now_ms);
  }
  return out + "]}";
}

}  // namespace

std::string render_resilience(const Snapshot& snapshot, absl::Time now) {
  const routing::Policy& policy = snapshot.resilience;
  const int64_t now_ms = absl::ToUnixMillis(now);
  std::string out = fmt::format(
      R"({{"requestQueue":{{"enabled":{},"requestsPerMinute":{},"minTimeBetweenRequestsMs":{},"concurrentRequests":{},"maxWaitMs":{}}},"connectionCooldown":{{"apikey":{{"baseCooldownMs":{},"maxCooldownMs":{}}}}},"providerBreaker":{{"apikey":{{"failureThreshold":{},"resetTimeoutMs":{}}}}},"waitForCooldown":{{"enabled":{},"maxRetries":{},"maxRetryWaitSec":{}}},"providers":[)",
      policy.queue.enabled, policy.queue.per_minute, policy.queue.min_gap_ms,
      policy.queue.concurrent, policy.queue.max_wait_ms, policy.cooldown.base_ms,
      policy.cooldown.max_ms, policy.breaker.failures, policy.breaker.reset_ms, policy.wait.enabled,
      policy.wait.max_retries, absl::ToInt64Seconds(policy.wait.max_wait));
  bool is_first = true;
  for (const Provider& each : snapshot.providers->all()) {
    if (each.is_demo || !each.cell) continue;
    if (!is_first) out += ',';
    is_first = false;
    out += provider(each, now_ms);
  }
  return out + "]}";
}

}  // namespace omni
