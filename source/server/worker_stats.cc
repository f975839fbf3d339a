#include "source/server/worker_stats.h"

namespace omni {

WorkerStats::WorkerStats(StatScope& scope) {
  const auto requests = [&](std::string_view group) {
    return scope.counter("omniroute_requests_total", "Finished exchanges by status class.",
                         {{"status", group}});
  };
  connections = scope.gauge("omniroute_client_connections", "Open client connections.");
  exchanges = scope.gauge("omniroute_exchanges", "Exchanges that are under way.");
  requests_2xx = requests("2xx");
  requests_4xx = requests("4xx");
  requests_5xx = requests("5xx");
  requests_other = requests("other");
  aborted = scope.counter("omniroute_exchanges_aborted_total",
                          "Exchanges whose client left, or that were cut.");
  connections_refused = scope.counter("omniroute_client_connections_refused_total",
                                      "Connections closed at once because of max_connections.");
  bytes_in = scope.counter("omniroute_request_bytes_total", "Bytes of request bodies.");
  bytes_out = scope.counter("omniroute_response_bytes_total", "Bytes of response bodies.");
  tokens_in = scope.counter("omniroute_input_tokens_total", "Input tokens of answered requests.");
  tokens_out =
      scope.counter("omniroute_output_tokens_total", "Output tokens of answered requests.");
  first_byte = scope.histogram("omniroute_first_byte_seconds",
                               "From the request's first byte to the answer's.");
  total = scope.histogram("omniroute_request_seconds",
                          "From the request's first byte to the answer's last.");
}

}  // namespace omni
