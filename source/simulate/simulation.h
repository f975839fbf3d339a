// A trace through one combo, with the rules that requests follow in the gateway and a clock of its
// own.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "source/config/gateway_config.h"
#include "source/routing/combo.h"
#include "source/simulate/trace.h"

namespace omni::simulate {

struct Result {
  int64_t requests = 0, answered = 0, attempts = 0;
  std::vector<int64_t> first_token_ms;  // Of those that were answered, waits included.
  double cost = 0;                      // US dollars.
  int64_t unpriced = 0;                 // Answers of models without a price.
  int64_t moved = 0;  // Requests of a conversation that another target or account answered before.
  std::map<std::string, int64_t> by_target;

  // `share` of them is below it: 0.5 is the median. 0 when nothing was answered.
  int64_t first_token(double share) const;
};

// Runs `trace` through the combo of that name under `strategy`, all else as configured. The same
// trace gives the same result. Errors: no such combo, or it leads nowhere.
absl::StatusOr<Result> run(const GatewayConfig& config, const std::string& combo,
                           routing::Strategy strategy, const Trace& trace);

}  // namespace omni::simulate
