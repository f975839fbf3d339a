// How fast providers answered one worker, of the last five to ten minutes.
#pragma once

#include <absl/time/time.h>

#include <vector>

#include "api/plan.h"
#include "source/admin/latency_view.h"

namespace omni {

// On its worker only: nobody else counts here, so nothing is shared.
class LatencyTable {
 public:
  static constexpr absl::Duration kWindow = absl::Minutes(5);

  // Attempts that brought an answer, whatever its status; `now` is the loop's time.
  void add(const std::vector<Attempt>& attempts, absl::Duration now);
  ProviderLatencies list(absl::Duration now);

 private:
  void turn(absl::Duration now);

  ProviderLatencies now_, before_;
  absl::Duration turns_ = absl::ZeroDuration();
};

}  // namespace omni
