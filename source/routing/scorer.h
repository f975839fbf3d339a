// The score by which kAuto chooses, of one request: what is the same for all targets is computed
// once, and a look at a target is a few additions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "source/routing/auto_score.h"
#include "source/routing/combo.h"

namespace omni::routing {

struct Moment {
  int64_t now_ms = 0;
  uint64_t random = 0;   // Fresh for each request.
  uint64_t session = 0;  // 0: none.
};

class Scorer {
 public:
  // `weights` are those of the pack.
  Scorer(const Weights& weights, Pack pack, const Moment& moment);

  // The higher, the better; from 0 to 1. About 5 ns, and 2 for each account.
  float score(const ComboTarget& target) const {
    float out =
        pack_ == Pack::kOwn ? target.own_score : target.fixed_scores[static_cast<size_t>(pack_)];
    const bool is_unsaid = target.has_one_account && target.account->quota.is_unset();
    out += is_unsaid ? quota_ : quota_ * share(target);
    const bool is_closed = target.provider == nullptr || target.provider->breaker.is_closed();
    out += is_closed ? health_ : health_ * half_open(target);
    out += target.cell == nullptr ? of_unknown_ : of_cell(*target.cell);
    return has_rare_ ? out + rare(target) : out;
  }

 private:
  // What is nearly always so, nothing failed and nothing running, needs no division.
  float of_cell(const TargetCell& cell) const {
    float out = latency_ * cell.first_token.quickness();
    const uint64_t lost = cell.failures.load(std::memory_order_relaxed);
    out += lost == 0 ? stability_ : stability_ * answered(cell, lost);
    const int32_t busy = cell.in_flight.load(std::memory_order_relaxed);
    return out + (busy <= 0 ? idle_ : idle_ / (1 + static_cast<float>(busy)));
  }
  static float answered(const TargetCell& cell, uint64_t lost);
  float share(const ComboTarget& target) const;
  float half_open(const ComboTarget& target) const;
  float rare(const ComboTarget& target) const;

  const Moment moment_;
  const Pack pack_;
  const float quota_, health_, latency_, stability_, idle_;
  const float cache_, reset_, chance_;
  const float of_unknown_;  // Of a target without a cell.
  const bool has_rare_;     // One of the factors that are weighed by no pack but kChaos.
};

}  // namespace omni::routing
