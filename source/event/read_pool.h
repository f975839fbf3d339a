// The one big block a loop reads into, lent to whoever looks at the bytes. Idle connections
// therefore own no buffer, and a large body most often arrives in a single read.
#pragma once

#include <absl/types/span.h>

#include <cstddef>
#include <vector>

#include "source/buffer/slice.h"

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

  // Where the next bytes go: a piece of the lent block that nobody holds. Bytes taken earlier in
  // this turn stay what they are while somebody holds them; when nobody does, it is the same piece
  // again, warm in the cache.
  absl::Span<char> room();
  // The first `count` bytes of room(), which were written.
  Slice take(size_t count);
  // Bytes of the block that may be held. When they are many the turn should end, so that the block
  // is whole again.
  size_t taken() const { return taken_; }
  // Call when a turn has ended: a block that somebody still holds is given up to its holders.
  void settle();

 private:
  static constexpr size_t kMaxParked = 16;

  Block* fresh();

  Block* current_ = nullptr;
  size_t taken_ = 0;
  // Blocks given up; used again when their holders have gone, which spares mmap and page faults.
  std::vector<Block*> parked_;
};

}  // namespace omni
