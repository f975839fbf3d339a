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
    count(attempt.provider->id, attempt);
  }
}

void LatencyTable::count(std::string_view provider, const Attempt& attempt) {
  auto sums = sums_.find(provider);
  if (sums == sums_.end()) {
    if (sums_.size() >= kMostProviders) provider = kOthers;
    sums = sums_.try_emplace(provider).first;
  }
  auto at = now_.find(provider);
  if (at == now_.end()) at = now_.emplace(provider, ProviderLatency()).first;
  ProviderLatency& latency = at->second;
  if (attempt.first_byte_us > 0) latency.first_byte.add(attempt.first_byte_us);
  if (attempt.first_token_us > 0) {
    latency.first_token.add(attempt.first_token_us);
    sums->second.first_token.add(attempt.first_token_us);
  }
  latency.total.add(attempt.total_us);
  sums->second.total.add(attempt.total_us);
}

ProviderLatencies LatencyTable::list(absl::Duration now) {
  turn(now);
  ProviderLatencies out = before_;
  merge_latencies(out, now_);
  for (const auto& [provider, sums] : sums_) {
    ProviderLatency& latency = out[provider];
    latency.first_token_sum = sums.first_token;
    latency.total_sum = sums.total;
  }
  return out;
}

}  // namespace omni
