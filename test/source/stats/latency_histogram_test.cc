#include "source/stats/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace omni {
namespace {

// Spread over all powers of two below `power`.
std::vector<int64_t> times(int count, int power, uint64_t seed) {
  std::vector<int64_t> out;
  for (int i = 0; i < count; ++i) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    const double uniform = static_cast<double>(seed >> 11) / 9007199254740992.0;
    out.push_back(static_cast<int64_t>(std::exp2(uniform * power)));
  }
  return out;
}

int64_t sorted_quantile(std::vector<int64_t> all, double fraction) {
  std::sort(all.begin(), all.end());
  const auto rank = static_cast<size_t>(std::ceil(fraction * static_cast<double>(all.size())));
  return all[std::max<size_t>(rank, 1) - 1];
}

TEST(LatencyHistogramTest, APercentileIsWithinAHundredthOfTheSortedSamples) {
  for (const int count : {1, 2, 10, 999, 20'000}) {
    for (const int power : {3, 10, 22, 39}) {
      const std::vector<int64_t> all = times(count, power, static_cast<uint64_t>(count + power));
      LatencyHistogram histogram;
      for (const int64_t us : all) histogram.add(us);
      for (const double fraction : {0.0, 0.01, 0.5, 0.95, 0.99, 0.999, 1.0}) {
        const auto truth = static_cast<double>(sorted_quantile(all, fraction));
        EXPECT_NEAR(static_cast<double>(histogram.quantile_us(fraction)), truth, truth * 0.01)
            << count << " samples below 2^" << power << ", " << fraction;
      }
    }
  }
}

TEST(LatencyHistogramTest, TwoAddUpToOne) {
  LatencyHistogram one, other, both, none;
  for (const int64_t us : times(500, 20, 1)) one.add(us), both.add(us);
  for (const int64_t us : times(700, 24, 2)) other.add(us), both.add(us);
  one.add(other);
  one.add(none);
  EXPECT_EQ(one.count(), 1200u);
  for (const double fraction : {0.5, 0.95, 0.99})
    EXPECT_EQ(one.quantile_us(fraction), both.quantile_us(fraction));
  one.clear();
  EXPECT_EQ(one.count(), 0u);
  EXPECT_EQ(one.quantile_us(0.5), 0);
}

TEST(LatencyHistogramTest, WhatIsOutOfRangeCountsAtTheEdge) {
  LatencyHistogram histogram;
  histogram.add(-5);
  EXPECT_EQ(histogram.quantile_us(1), 0);
  histogram.add(LatencyHistogram::kMost * 3);
  const auto most = static_cast<double>(LatencyHistogram::kMost);
  EXPECT_NEAR(static_cast<double>(histogram.quantile_us(1)), most, most * 0.01);
}

}  // namespace
}  // namespace omni
