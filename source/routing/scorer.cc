#include "source/routing/scorer.h"

#include "source/base/random.h"
#include "source/routing/quota.h"

namespace omni::routing {
namespace {

float weight_of(const Weights& weights, Factor factor) {
  return weights[static_cast<size_t>(factor)];
}

// In (0, 1].
float lot(uint64_t word) {
  return static_cast<float>((static_cast<double>(mixed(word) >> 11) + 1) * 0x1p-53);
}

}  // namespace

Scorer::Scorer(const Weights& weights, Pack pack, const Moment& moment)
    : moment_(moment),
      pack_(pack),
      quota_(weight_of(weights, Factor::kQuota)),
      health_(weight_of(weights, Factor::kHealth)),
      latency_(weight_of(weights, Factor::kLatency)),
      stability_(weight_of(weights, Factor::kStability)),
      idle_(weight_of(weights, Factor::kIdle)),
      cache_(weight_of(weights, Factor::kCache)),
      reset_(weight_of(weights, Factor::kReset)),
      chance_(weight_of(weights, Factor::kChance)),
      of_unknown_(latency_ * 0.5F + stability_ + idle_),
      has_rare_(cache_ + reset_ + chance_ > 0) {}

float Scorer::answered(const TargetCell& cell, uint64_t lost) {
  const auto won = static_cast<float>(cell.successes.load(std::memory_order_relaxed));
  return (won + 1) / (won + static_cast<float>(lost) + 1);
}

float Scorer::share(const ComboTarget& target) const {
  return static_cast<float>(best_quota(target, moment_.now_ms).share);
}

float Scorer::half_open(const ComboTarget& target) const {
  return target.provider->breaker.lets_through(moment_.now_ms) ? 0.5F : 0;
}

float Scorer::rare(const ComboTarget& target) const {
  float out = chance_ * lot(moment_.random ^ target.hash);
  if (moment_.session != 0) out += cache_ * lot(moment_.session ^ target.hash);
  if (reset_ == 0) return out;
  const QuotaState quota = best_quota(target, moment_.now_ms);
  return out + reset_ * static_cast<float>(soonness(quota, moment_.now_ms));
}

}  // namespace omni::routing
