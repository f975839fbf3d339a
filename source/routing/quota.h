// What providers say in the headers of their answers about what may still be asked of them, and
// what it means for the order of targets.
#pragma once

#include <absl/time/time.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "source/routing/cells.h"

namespace omni::routing {

struct ComboTarget;

// Gathers the headers of one answer: x-ratelimit-{limit,remaining,reset}-{requests,tokens}, the
// same without the last part, and anthropic-ratelimit-{requests,tokens,...}-{limit,...}. Others are
// passed over at the cost of looking at their first letters. Never allocates.
class QuotaReader {
 public:
  // A limit whose end is not said is believed for this.
  static constexpr int64_t kUnsaidMs = 60000;
  static constexpr int64_t kLongestMs = 24 * 3600 * 1000;

  // `name` in lower case.
  void read(std::string_view name, std::string_view value, absl::Time now);
  // The scarcest limit; of several that are spent, the one that stays so longest.
  QuotaState scarcest(absl::Time now) const;
  // Writes down what was said, limit by limit; what was not said stays as it was.
  void note(std::array<LimitCell, kLimitKinds>& cells) const;

 private:
  struct Limit {
    double limit = -1, remaining = -1;  // Negative: not said.
    int64_t reset_ms = 0;
  };
  std::array<Limit, kLimitKinds> limits_;  // By LimitKind.
};

// Of the freest account that may serve the target; of one without accounts, nothing is known.
QuotaState best_quota(const ComboTarget& target, int64_t now_ms);
// From 0 (an hour and more, or not known) to 1 (now).
double soonness(const QuotaState& quota, int64_t now_ms);

// The lower, the earlier it is tried.
// Most left first.
double rank_by_headroom(const QuotaState& quota);
// What is left, and how soon it is whole again; what is nearly spent last.
double rank_reset_aware(const QuotaState& quota, int64_t now_ms);
// Soonest whole again first: what is left until then would be lost.
double rank_by_reset(const QuotaState& quota);

}  // namespace omni::routing
