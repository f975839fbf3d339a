// What every worker counts.
#pragma once

#include "api/stats.h"

namespace omni {

struct WorkerStats {
  Gauge connections, exchanges;
  Counter requests_2xx, requests_4xx, requests_5xx, requests_other, aborted, connections_refused;
  Counter bytes_in, bytes_out, tokens_in, tokens_out;
  Histogram first_byte, total;

  WorkerStats() = default;
  explicit WorkerStats(StatScope& scope);

  Counter of_status(int status) const {
    if (status >= 200 && status < 300) return requests_2xx;
    if (status >= 400 && status < 500) return requests_4xx;
    return status >= 500 ? requests_5xx : requests_other;
  }
};

}  // namespace omni
