// Durations counted in buckets so narrow that a percentile is right to a hundredth. One thread.
#pragma once

#include <cstdint>
#include <vector>

namespace omni {

class LatencyHistogram {
 public:
  // Below zero counts as zero; beyond kMost as kMost, which is some twelve days.
  static constexpr int64_t kMost = (int64_t{1} << 40) - 1;

  void add(int64_t us);
  void add(const LatencyHistogram& other);
  void clear();

  uint64_t count() const { return count_; }
  // The duration that `fraction` (0 to 1) of all are at most, within 1 %; 0 when there are none.
  int64_t quantile_us(double fraction) const;

 private:
  std::vector<uint64_t> buckets_;  // Empty until something is counted.
  uint64_t count_ = 0;
};

}  // namespace omni
