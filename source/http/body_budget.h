// How many bytes of request bodies the whole process holds. Each worker counts in a cell of its
// own, so counting shares no cache line; asking sums the few cells.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace omni {

class BodyLedger {
 public:
  static constexpr size_t kCells = 128;

  explicit BodyLedger(int64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  int64_t held() const {
    int64_t total = 0;
    for (const Cell& cell : cells_) total += cell.bytes.load(std::memory_order_relaxed);
    return total;
  }
  int64_t limit_bytes() const { return limit_bytes_; }

 private:
  friend class BodyBudget;
  struct alignas(64) Cell {
    std::atomic<int64_t> bytes{0};
  };

  const int64_t limit_bytes_;
  std::array<Cell, kCells> cells_;
};

// One worker's share. Belongs to its thread; the ledger outlives it.
class BodyBudget {
 public:
  // Smaller bodies are always admitted, so that a full house can still be talked to.
  static constexpr uint64_t kAlwaysAdmitted = 64 * 1024;

  BodyBudget(BodyLedger& ledger, size_t worker)
      : ledger_(ledger), cell_(ledger.cells_[worker % BodyLedger::kCells]) {}

  bool admits(uint64_t bytes) const {
    return bytes <= kAlwaysAdmitted ||
           ledger_.held() + static_cast<int64_t>(bytes) <= ledger_.limit_bytes();
  }
  void add(int64_t bytes) {
    cell_.bytes.store(cell_.bytes.load(std::memory_order_relaxed) + bytes,
                      std::memory_order_relaxed);
  }

 private:
  BodyLedger& ledger_;
  BodyLedger::Cell& cell_;
};

}  // namespace omni
