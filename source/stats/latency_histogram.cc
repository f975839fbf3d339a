#include "source/stats/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace omni {
namespace {

// Up to 127 us each has a bucket; from there on each power of two has 64. A bucket's middle is then
// within 1/128 of all that is in it.
constexpr int64_t kExact = 128;
constexpr int kHalfBits = 6;
constexpr size_t kBuckets = 128 + (40 - 7) * 64;

size_t bucket_of(int64_t us) {
  if (us < kExact) return static_cast<size_t>(us);
  const int shift = std::bit_width(static_cast<uint64_t>(us)) - 1 - kHalfBits;
  const auto above = static_cast<size_t>(us >> shift) - 64;
  return 128 + static_cast<size_t>(shift - 1) * 64 + above;
}

int64_t middle_of(size_t bucket) {
  if (bucket < 128) return static_cast<int64_t>(bucket);
  const size_t shift = (bucket - 128) / 64 + 1;
  const auto least = static_cast<int64_t>((bucket - 128) % 64 + 64) << shift;
  return least + (int64_t{1} << shift) / 2;
}

}  // namespace

void LatencyHistogram::add(int64_t us) {
  if (buckets_.empty()) buckets_.resize(kBuckets);
  ++buckets_[bucket_of(std::clamp<int64_t>(us, 0, kMost))];
  ++count_;
}

void LatencyHistogram::add(const LatencyHistogram& other) {
  if (other.count_ == 0) return;
  if (buckets_.empty()) buckets_.resize(kBuckets);
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
}

void LatencyHistogram::clear() {
  std::fill(buckets_.begin(), buckets_.end(), 0);
  count_ = 0;
}

int64_t LatencyHistogram::quantile_us(double fraction) const {
  if (count_ == 0) return 0;
  const auto wanted = static_cast<uint64_t>(
      std::ceil(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen > 0 && seen >= wanted) return middle_of(i);
  }
  return kMost;
}

}  // namespace omni
