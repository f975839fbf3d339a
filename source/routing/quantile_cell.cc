#include "source/routing/quantile_cell.h"

#include <algorithm>

namespace omni::routing {
namespace {

constexpr double kQuantile = 0.95;
// How far one sample moves the estimate; larger at first, to get there.
constexpr double kStep = 0.1, kFirstStep = 1.0;
constexpr double kUnits = 16;  // In a microsecond: small steps of short times must not round away.
constexpr double kMost = static_cast<double>((uint64_t{1} << 44) - 1);

}  // namespace

// Of samples above the estimate there should be one in twenty: each of them raises it nineteen
// times as much as another lowers it.
void Percentile95Cell::add(int64_t us) {
  const uint64_t word = word_.load(std::memory_order_relaxed);
  const uint64_t count = word & kMostSamples;
  const double sample = static_cast<double>(std::max<int64_t>(us, 1)) * kUnits;
  double value = static_cast<double>(word >> kSampleBits);
  if (count == 0) {
    value = sample;
  } else {
    const double step = std::max(kStep, kFirstStep / static_cast<double>(count));
    // A multiple, because times differ by factors; never beyond the sample that pulls.
    value = sample > value ? std::min(value * (1 + step * kQuantile), sample)
                           : std::max(value * (1 - step * (1 - kQuantile)), sample);
  }
  const auto kept = static_cast<uint64_t>(std::clamp(value + 0.5, 1.0, kMost));
  word_.store(kept << kSampleBits | std::min(count + 1, kMostSamples), std::memory_order_relaxed);
}

int64_t Percentile95Cell::value_us() const {
  const uint64_t word = word_.load(std::memory_order_relaxed);
  if ((word & kMostSamples) < kLeastSamples) return 0;
  return static_cast<int64_t>((word >> kSampleBits) / static_cast<uint64_t>(kUnits));
}

}  // namespace omni::routing
