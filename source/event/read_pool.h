// The one big block a loop reads into, lent to whoever looks at the bytes. Idle connections
// therefore own no buffer, and a large body most often arrives in a single read.
#pragma once

#include <cstddef>
#include <vector>

#include "source/buffer/block.h"

namespace omni {

// One thread.
class ReadPool {
 public:
  static constexpr size_t kReadBytes = 256 * 1024;
  static constexpr size_t kPadding = 64;  // Zeroed, after the bytes; JSON readers look there.

  ReadPool() = default;
  ReadPool(const ReadPool&) = delete;
  ReadPool& operator=(const ReadPool&) = delete;
  ~ReadPool();

  // A lent block nobody else holds, kReadBytes to write to. The pool keeps its reference: take one
  // more per slice. The same block is returned until somebody keeps a share of it.
  Block& block();
  // Call when a turn has ended: a block that somebody still holds is given up to its holders.
  void settle();

 private:
  static constexpr size_t kMaxParked = 16;

  Block* fresh();

  Block* current_ = nullptr;
  // Blocks given up; used again when their holders have gone, which spares mmap and page faults.
  std::vector<Block*> parked_;
};

}  // namespace omni
