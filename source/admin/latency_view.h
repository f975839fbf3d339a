// How fast providers were of late, which workers count and management shows.
#pragma once

#include <absl/functional/any_invocable.h>

#include <string>

#include "source/base/strings.h"
#include "source/stats/latency_histogram.h"

namespace omni {

struct ProviderLatency {
  LatencyHistogram first_byte, total;  // Of attempts, since each began.
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
// {"providers": {ID: {p50, p95, p99, count, firstByte: {p50, p95, p99}}}}, in milliseconds.
std::string render_latencies(const ProviderLatencies& latencies);

}  // namespace omni
