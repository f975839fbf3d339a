// What a combo that hedges knows: when a stream is late, and whether one more attempt may be paid
// for.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace omni::routing {

// How long streams took to begin, lately: within a fifth of the truth. Any thread.
class FirstTokenCell {
 public:
  void add(int64_t us);
  // Microseconds below which `share` of them were; 0 before there are kFewest.
  int64_t quantile_us(double share) const;
  static constexpr uint32_t kFewest = 20;

 private:
  // Four to an octave, from a millisecond to half a minute; the first and the last take the rest.
  static constexpr size_t kBuckets = 62;
  static constexpr uint32_t kMost = 1000;  // Then the old ones count half.
  static size_t bucket(int64_t us);

  std::atomic<uint32_t> count_{0};
  std::array<std::atomic<uint32_t>, kBuckets> buckets_{};
};

// Lets a share of requests cost a second one. Any thread.
class HedgeCell {
 public:
  void on_request(double share);
  bool take();

 private:
  static constexpr int64_t kOne = 1000, kMost = 10 * kOne;
  std::atomic<int64_t> credit_{0};
};

}  // namespace omni::routing
