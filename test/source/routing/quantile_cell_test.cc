#include "source/routing/quantile_cell.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace omni::routing {
namespace {

// Times as providers have them: most near `median`, and a long tail.
class Times {
 public:
  int64_t next(double median) {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return static_cast<int64_t>(median * std::exp(0.5 * (sum - 6)));
  }

 private:
  double uniform() {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return static_cast<double>(state_ >> 11) / 9007199254740992.0;
  }
  uint64_t state_ = 7;
};

double true_p95(double median) {
  std::vector<int64_t> all;
  Times times;
  for (int i = 0; i < 100'000; ++i) all.push_back(times.next(median));
  std::sort(all.begin(), all.end());
  return static_cast<double>(all[95'000]);
}

TEST(Percentile95CellTest, NothingIsKnownFromAFewSamples) {
  Percentile95Cell cell;
  for (uint64_t i = 0; i + 1 < Percentile95Cell::kLeastSamples; ++i) cell.add(1000);
  EXPECT_EQ(cell.value_us(), 0);
  cell.add(1000);
  EXPECT_EQ(cell.value_us(), 1000);
}

TEST(Percentile95CellTest, TheEstimateStaysNearTheTruth) {
  for (const double median : {200.0, 300'000.0, 20'000'000.0}) {
    Percentile95Cell cell;
    Times times;
    const double truth = true_p95(median);
    for (int i = 0; i < 500; ++i) cell.add(times.next(median));
    double sum = 0;
    for (int i = 0; i < 5000; ++i) {
      cell.add(times.next(median));
      sum += static_cast<double>(cell.value_us());
      EXPECT_NEAR(static_cast<double>(cell.value_us()), truth, truth * 0.35);
    }
    EXPECT_NEAR(sum / 5000, truth, truth * 0.05) << median;
  }
}

TEST(Percentile95CellTest, AProviderThatTurnsSlowOrFastIsFollowed) {
  Percentile95Cell cell;
  Times times;
  for (int i = 0; i < 1000; ++i) cell.add(times.next(300'000));
  for (int i = 0; i < 100; ++i) cell.add(times.next(3'000'000));
  EXPECT_GT(static_cast<double>(cell.value_us()), true_p95(3'000'000) * 0.6);
  for (int i = 0; i < 700; ++i) cell.add(times.next(300'000));
  EXPECT_LT(static_cast<double>(cell.value_us()), true_p95(300'000) * 1.4);
}

}  // namespace
}  // namespace omni::routing
