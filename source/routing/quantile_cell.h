// A running estimate of one quantile of a duration, for decisions on the way of a request.
#pragma once

#include <atomic>
#include <cstdint>

namespace omni::routing {

// The 95th percentile, roughly of the last few hundred samples. Any thread; add() is one load and
// one store, so two threads that add at once may lose a sample, which an estimate survives.
class Percentile95Cell {
 public:
  // So many samples before there is an estimate.
  static constexpr uint64_t kLeastSamples = 20;

  void add(int64_t us);
  // 0: not known yet.
  int64_t value_us() const;
  uint64_t samples() const { return word_.load(std::memory_order_relaxed) & kMostSamples; }

 private:
  // Sixteenths of a microsecond (44 bits) | samples (20 bits, stays at its most).
  static constexpr int kSampleBits = 20;
  static constexpr uint64_t kMostSamples = (uint64_t{1} << kSampleBits) - 1;

  std::atomic<uint64_t> word_{0};
};

}  // namespace omni::routing
