// Counters that cost a plain add. Each thread that counts owns a slab of cells, so nothing is
// shared while counting; a scrape sums the slabs. Names are listed in docs/metrics.md.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace omni {

using StatCell = std::atomic<uint64_t>;
// This thread's slab, or null on a thread that was not given one: then counting does nothing.
inline thread_local constinit StatCell* stat_slab = nullptr;

// A value that only grows. Copyable; valid for the life of the registry that made it.
class Counter {
 public:
  Counter() = default;
  explicit Counter(uint32_t index) : index_(index) {}
  // Any thread with a slab. One writer per cell, so a relaxed load and store is exact.
  void add(uint64_t amount = 1) const {
    if (stat_slab == nullptr) return;
    StatCell& cell = stat_slab[index_];
    cell.store(cell.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }

 private:
  uint32_t index_ = 0;  // Cell 0 belongs to nobody.
};

// A value that goes up and down; the sum over threads is what is meant, so one thread may add what
// another subtracts (arithmetic is modulo 2^64).
class Gauge {
 public:
  Gauge() = default;
  explicit Gauge(uint32_t index) : cell_(index) {}
  void add(int64_t amount) const { cell_.add(static_cast<uint64_t>(amount)); }

 private:
  Counter cell_;
};

// Counts durations in microseconds into buckets of powers of two from 2^6 us to 2^27 us, plus a
// sum.
class Histogram {
 public:
  static constexpr int kBuckets = 23;  // 22 bounded ones and +Inf.
  static constexpr int kFirstPower = 6;

  Histogram() = default;
  explicit Histogram(uint32_t first) : first_(first) {}
  void record_us(uint64_t us) const {
    // A bucket's bound belongs to it.
    const int power = us <= 1 ? 0 : static_cast<int>(std::bit_width(us - 1));
    const int bucket = std::clamp(power - kFirstPower, 0, kBuckets - 1);
    Counter(first_ + static_cast<uint32_t>(bucket)).add();
    Counter(first_ + kBuckets).add(us);
  }

 private:
  uint32_t first_ = 0;
};

// One label, e.g. {"provider", "openai"}.
struct StatLabel {
  std::string_view name, value;
};

// Where metrics are made: at start-up and at reload, on the main thread. Asking twice for one name
// and the same labels gives the same cells. When the registry is full the metric counts nowhere and
// `omniroute_stats_dropped` says so.
class StatScope {
 public:
  virtual ~StatScope() = default;
  virtual Counter counter(std::string_view name, std::string_view help,
                          std::initializer_list<StatLabel> labels = {}) = 0;
  virtual Gauge gauge(std::string_view name, std::string_view help,
                      std::initializer_list<StatLabel> labels = {}) = 0;
  virtual Histogram histogram(std::string_view name, std::string_view help,
                              std::initializer_list<StatLabel> labels = {}) = 0;
};

}  // namespace omni
