// Where one request may go, and by which rules it moves on.
#pragma once

#include <absl/container/inlined_vector.h>
#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "source/catalog/provider.h"

namespace omni {
namespace routing {

struct Combo;
struct StagePlans;
struct TargetCell;

// When a second target is asked as well, because the first is slow to begin its stream.
struct HedgeRule {
  bool enabled = false;
  // Until the first target is known well enough; then its own 95th percentile.
  absl::Duration delay = absl::Milliseconds(500);
  double share = 0.1;          // Of the combo's requests, at most.
  int64_t max_cost_nanos = 0;  // Of the prompt at the second target; 0: any.
};

// How targets are tried one after the other. The defaults are those of a request that names one
// model.
struct Rules {
  int max_retries = 0;                            // Of one target, once the others have failed too.
  absl::Duration retry_delay = absl::Seconds(2);  // Before each.
  absl::Duration fallback_delay;                  // Before another target is tried.
  absl::Duration target_timeout;                  // Until an attempt commits; zero: upstream's own.
  absl::Duration timeout;                         // Of all attempts together; zero: none.
  HedgeRule hedge;
};

// A target that was not tried, or would not be tried again, and why. What it points to lives as
// long as the exchange's snapshot.
struct Skipped {
  const Provider* provider = nullptr;
  const Account* account = nullptr;  // Null: the target as a whole.
  std::string_view model;
  std::string_view why;  // A stable word, a literal.
  int64_t until_ms = 0;  // When it may be tried; 0: not known.
};

}  // namespace routing

// One place that can answer. Pointers live as long as the exchange's snapshot.
struct Target {
  const Provider* provider = nullptr;
  const Account* account = nullptr;     // Null for the demo provider, and until it is tried.
  std::string model;                    // As the provider names it.
  routing::TargetCell* cell = nullptr;  // May be null.
};

// routing writes it, upstream runs it.
struct Plan {
  // What the request may be sent to, in order, when it names no combo. An account that is set is
  // the one to use.
  absl::InlinedVector<Target, 1> targets;
  // Else the combo, with the places of those of its targets that the client may use.
  const routing::Combo* combo = nullptr;
  absl::InlinedVector<uint16_t, 16> places;
  routing::Rules rules;
  // By which weights the combo scores, as routing::Pack; 0: its own.
  uint8_t pack = 0;
  // Who stays with one account or target; empty: nobody. Lives as long as the request's facts.
  std::string_view session;
  // Of a chat with a combo that asks several of its steps; null for all others.
  std::shared_ptr<const routing::StagePlans> stages;

  bool empty() const { return targets.empty() && places.empty(); }
};

}  // namespace omni
