#include "source/routing/hedge_cells.h"

#include <algorithm>
#include <bit>

namespace omni::routing {

// The two bits behind the highest one divide an octave.
size_t FirstTokenCell::bucket(int64_t us) {
  constexpr int kFirstOctave = 10, kParts = 4;
  if (us < int64_t{1} << kFirstOctave) return 0;
  const auto value = static_cast<uint64_t>(us);
  const int octave = static_cast<int>(std::bit_width(value)) - 1;
  const auto part = static_cast<size_t>(value >> (octave - 2) & (kParts - 1));
  return std::min(static_cast<size_t>(octave - kFirstOctave) * kParts + part + 1, kBuckets - 1);
}

void FirstTokenCell::add(int64_t us) {
  buckets_[bucket(us)].fetch_add(1, std::memory_order_relaxed);
  if (count_.fetch_add(1, std::memory_order_relaxed) + 1 != kMost) return;
  // What others add meanwhile may be lost: it is a few of a thousand.
  uint32_t left = 0;
  for (std::atomic<uint32_t>& each : buckets_) {
    const uint32_t half = each.load(std::memory_order_relaxed) / 2;
    each.store(half, std::memory_order_relaxed);
    left += half;
  }
  count_.store(left, std::memory_order_relaxed);
}

int64_t FirstTokenCell::quantile_us(double share) const {
  uint64_t total = 0;
  std::array<uint32_t, kBuckets> seen;
  for (size_t i = 0; i < kBuckets; ++i)
    total += seen[i] = buckets_[i].load(std::memory_order_relaxed);
  if (total < kFewest) return 0;
  const auto wanted = static_cast<uint64_t>(static_cast<double>(total) * share);
  uint64_t below = 0;
  size_t i = 0;
  while (i + 1 < kBuckets && (below += seen[i]) <= wanted) ++i;
  // The bucket's upper end.
  return (int64_t{1024} << (i / 4)) / 4 * static_cast<int64_t>(4 + i % 4);
}

void HedgeCell::on_request(double share) {
  const auto earned = static_cast<int64_t>(share * kOne);
  if (credit_.fetch_add(earned, std::memory_order_relaxed) + earned > kMost)
    credit_.fetch_sub(earned, std::memory_order_relaxed);
}

bool HedgeCell::take() {
  if (credit_.fetch_sub(kOne, std::memory_order_relaxed) >= kOne) return true;
  credit_.fetch_add(kOne, std::memory_order_relaxed);
  return false;
}

}  // namespace omni::routing
