// How fast providers were, which workers count and management shows.
#pragma once

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <string>

#include "source/base/strings.h"
#include "source/stats/latency_histogram.h"

namespace omni {

// All there were, which only grows.
struct LatencySum {
  uint64_t count = 0, us = 0;

  void add(int64_t duration_us) {
    ++count;
    us += duration_us > 0 ? static_cast<uint64_t>(duration_us) : 0;
  }
  void add(const LatencySum& other) {
    count += other.count;
    us += other.us;
  }
};

// Of attempts, since each began.
struct ProviderLatency {
  // Of late. A token is a stream's first content.
  LatencyHistogram first_byte, first_token, total;
  // Since the process began.
  LatencySum first_token_sum, total_sum;
};
using ProviderLatencies = StringMap<ProviderLatency>;

// Main thread only.
class LatencySource {
 public:
  // Asks every worker. `done` runs on the main thread.
  using Latencies = absl::AnyInvocable<void(ProviderLatencies)>;
  virtual void list_latencies(Latencies done) = 0;

 protected:
  ~LatencySource() = default;
};

void merge_latencies(ProviderLatencies& into, const ProviderLatencies& from);
// {"providers": {ID: {p50, p95, p99, count, firstByte: {the same}, firstToken: {the same}}}}, in
// milliseconds.
std::string render_latencies(const ProviderLatencies& latencies);
// The same in Prometheus's text format 0.0.4: two summaries of each provider, in seconds. Their
// quantiles are those of late, and not numbers while there are none; sums and counts only grow.
void append_latency_metrics(std::string& out, const ProviderLatencies& latencies);

}  // namespace omni
