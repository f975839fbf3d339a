// How fast providers answered one worker: percentiles of the last five to ten minutes, and sums.
#pragma once

#include <absl/time/time.h>

#include <cstddef>
#include <string_view>
#include <vector>

#include "api/plan.h"
#include "source/admin/latency_view.h"
#include "source/base/strings.h"

namespace omni {

// On its worker only: nobody else counts here, so nothing is shared.
class LatencyTable {
 public:
  static constexpr absl::Duration kWindow = absl::Minutes(5);
  // Reloads may bring ever new providers. Those beyond so many are counted together, under a name
  // that no provider can have.
  static constexpr size_t kMostProviders = 200;
  static constexpr std::string_view kOthers = "(others)";

  // Attempts that brought an answer, whatever its status; `now` is the loop's time.
  void add(const std::vector<Attempt>& attempts, absl::Duration now);
  ProviderLatencies list(absl::Duration now);

 private:
  struct Sums {
    LatencySum first_token, total;
  };

  void turn(absl::Duration now);
  void count(std::string_view provider, const Attempt& attempt);

  ProviderLatencies now_, before_;  // Without their sums.
  StringMap<Sums> sums_;
  absl::Duration turns_ = absl::ZeroDuration();
};

}  // namespace omni
