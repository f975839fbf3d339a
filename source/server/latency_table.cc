#include "source/server/latency_table.h"

#include <utility>

namespace omni {

void LatencyTable::turn(absl::Duration now) {
  if (now < turns_) return;
  before_ = now < turns_ + kWindow ? std::move(now_) : ProviderLatencies();
  now_.clear();
  turns_ = now + kWindow;
}

void LatencyTable::add(const std::vector<Attempt>& attempts, absl::Duration now) {
  turn(now);
  for (const Attempt& attempt : attempts) {
    if (attempt.status == 0 || attempt.provider == nullptr) continue;
    auto at = now_.find(attempt.provider->id);
    if (at == now_.end()) at = now_.emplace(attempt.provider->id, ProviderLatency()).first;
    if (attempt.first_byte_us > 0) at->second.first_byte.add(attempt.first_byte_us);
    at->second.total.add(attempt.total_us);
  }
}

ProviderLatencies LatencyTable::list(absl::Duration now) {
  turn(now);
  ProviderLatencies out = before_;
  merge_latencies(out, now_);
  return out;
}

}  // namespace omni
