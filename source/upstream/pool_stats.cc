#include "source/upstream/pool_context.h"

namespace omni::upstream {

PoolStats::PoolStats(StatScope& scope)
    : requests(scope.counter("omniroute_upstream_requests_total", "Requests to other hosts.")),
      opened(scope.counter("omniroute_upstream_connections_opened_total",
                           "Connections to other hosts that came about.")),
      closed(scope.counter("omniroute_upstream_connections_closed_total",
                           "Connections to other hosts that ended.")),
      connect_failed(scope.counter("omniroute_upstream_connect_failures_total",
                                   "Attempts to connect to another host that failed.")),
      reused(scope.counter("omniroute_upstream_connections_reused_total",
                           "Requests that went over a connection already used.")),
      stale_retries(scope.counter("omniroute_upstream_stale_retries_total",
                                  "Requests sent again because a kept connection was dead or the "
                                  "peer refused the stream unprocessed.")),
      queue_full(scope.counter("omniroute_upstream_queue_full_total",
                               "Requests refused because too many waited for a connection.")),
      active(scope.gauge("omniroute_upstream_connections", "Connections to other hosts by state.",
                         {{"state", "active"}})),
      idle(scope.gauge("omniroute_upstream_connections", "Connections to other hosts by state.",
                       {{"state", "idle"}})),
      queued(scope.gauge("omniroute_upstream_queued", "Requests that wait for a connection.")),
      connect_time(scope.histogram("omniroute_upstream_connect_seconds",
                                   "Name look-up, TCP and TLS together, when they succeed.")) {}

}  // namespace omni::upstream
