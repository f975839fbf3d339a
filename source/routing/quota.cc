#include "source/routing/quota.h"

#include <absl/strings/numbers.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>

#include "source/routing/combo.h"
#include "source/routing/retry_hint.h"

namespace omni::routing {
namespace {

constexpr std::string_view kOpenai = "x-ratelimit-", kAnthropic = "anthropic-ratelimit-";

bool take(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

double count(std::string_view text) {
  double out = 0;
  text = trim(text);
  const bool is_number = !text.empty() && absl::SimpleAtod({text.data(), text.size()}, &out);
  return is_number && std::isfinite(out) && out >= 0 ? out : -1;
}

// "limit", "remaining" or "reset", from either end of the name.
enum class Part : uint8_t { kLimit, kRemaining, kReset };
std::optional<Part> part_of(std::string_view word) {
  if (word == "limit") return Part::kLimit;
  if (word == "remaining") return Part::kRemaining;
  if (word == "reset") return Part::kReset;
  return std::nullopt;
}

std::optional<LimitKind> kind_of(std::string_view word) {
  if (word == "requests") return LimitKind::kRequests;
  if (word == "tokens") return LimitKind::kTokens;
  if (word == "input-tokens") return LimitKind::kInputTokens;
  if (word == "output-tokens") return LimitKind::kOutputTokens;
  return std::nullopt;
}

// A number that no provider means must not overflow.
int64_t whole(double number) {
  constexpr double kMost = 1e15;
  return static_cast<int64_t>(std::min(number, kMost));
}

}  // namespace

std::string_view name_of(LimitKind kind) {
  constexpr std::array<std::string_view, kLimitKinds> kNames = {"requests", "tokens", "inputTokens",
                                                                "outputTokens"};
  return kNames[static_cast<size_t>(kind)];
}

void QuotaReader::note(std::array<LimitCell, kLimitKinds>& cells) const {
  for (size_t i = 0; i < kLimitKinds; ++i) {
    const Limit& said = limits_[i];
    LimitCell& cell = cells[i];
    if (said.limit >= 0) cell.limit.store(whole(said.limit), std::memory_order_relaxed);
    if (said.remaining < 0) continue;
    cell.remaining.store(whole(said.remaining), std::memory_order_relaxed);
    cell.reset_ms.store(said.reset_ms, std::memory_order_relaxed);
  }
}

void QuotaReader::read(std::string_view name, std::string_view value, absl::Time now) {
  std::optional<Part> part;
  std::string_view kind;
  if (take(name, kOpenai)) {
    const size_t dash = name.find('-');
    part = part_of(name.substr(0, dash));
    kind = dash == std::string_view::npos ? "requests" : name.substr(dash + 1);
  } else if (take(name, kAnthropic)) {
    const size_t dash = name.rfind('-');
    if (dash == std::string_view::npos) return;
    part = part_of(name.substr(dash + 1));
    kind = name.substr(0, dash);
  }
  const std::optional<LimitKind> counted = part ? kind_of(kind) : std::nullopt;
  if (!counted) return;
  Limit& limit = limits_[static_cast<size_t>(*counted)];
  if (*part == Part::kLimit) limit.limit = count(value);
  if (*part == Part::kRemaining) limit.remaining = count(value);
  if (*part == Part::kReset) limit.reset_ms = absl::ToUnixMillis(reset_moment(value, now));
}

QuotaState QuotaReader::scarcest(absl::Time now) const {
  const int64_t now_ms = absl::ToUnixMillis(now);
  QuotaState out;
  for (const Limit& each : limits_) {
    // Zero of zero is how some say that there is no limit.
    if (each.remaining < 0 || each.limit == 0) continue;
    if (each.remaining > 0 && each.limit < 0) continue;
    const double share = each.remaining == 0 ? 0 : std::min(each.remaining / each.limit, 1.0);
    int64_t reset_ms = each.reset_ms == 0 ? now_ms + kUnsaidMs : each.reset_ms;
    if (reset_ms <= now_ms) continue;
    reset_ms = std::min(reset_ms, now_ms + kLongestMs);
    const bool is_scarcer =
        !out.is_known || share < out.share || (share == out.share && reset_ms > out.reset_ms);
    if (is_scarcer) out = {.is_known = true, .share = share, .reset_ms = reset_ms};
  }
  return out;
}

QuotaState best_quota(const ComboTarget& target, int64_t now_ms) {
  if (target.has_one_account)
    return target.account->quota.is_unset() ? QuotaState{} : target.account->quota.load(now_ms);
  const auto of = [&](const Account& account) {
    return account.cell ? account.cell->quota.load(now_ms) : QuotaState{};
  };
  if (target.target.account != nullptr) return of(*target.target.account);
  QuotaState best;
  bool is_first = true;
  for (const Account& each : target.target.provider->accounts) {
    const QuotaState mine = of(each);
    if (is_first || mine.share > best.share) best = mine;
    is_first = false;
  }
  return best;
}

double soonness(const QuotaState& quota, int64_t now_ms) {
  constexpr double kLongMs = 3600 * 1000, kPerMs = 1 / kLongMs;  // Divisions take the longest here.
  if (!quota.is_known) return 0;
  const auto left = static_cast<double>(std::max<int64_t>(quota.reset_ms - now_ms, 0));
  return std::max(1 - left * kPerMs, 0.0);
}

double rank_by_headroom(const QuotaState& quota) { return -quota.share; }

double rank_reset_aware(const QuotaState& quota, int64_t now_ms) {
  constexpr double kShareWeight = 0.65, kSoonWeight = 0.35, kGuard = 0.1;
  constexpr int kBands = 20;
  // Of limits that nobody has named there is enough, and nothing is lost by waiting.
  const double value = kShareWeight * quota.share + kSoonWeight * soonness(quota, now_ms);
  const int band = static_cast<int>(value * kBands);
  return quota.share < kGuard ? 1000 - band : -band;
}

double rank_by_reset(const QuotaState& quota) {
  return quota.is_known ? static_cast<double>(quota.reset_ms) : HUGE_VAL;
}

}  // namespace omni::routing
