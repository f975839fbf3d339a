// Where decoders write: blocks that are filled one after the other, and a bound.
#pragma once

#include <cstddef>

#include "source/buffer/buffer.h"

namespace omni::coding {

// A block that is not full is kept for what comes next: a stream of small events does not take a
// block for each of them.
class Output {
 public:
  // What may be taken at once. One block beyond it is written before wrote() says no.
  explicit Output(size_t limit_bytes) : limit_bytes_(limit_bytes) {}
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  struct Room {
    char* at;
    size_t size;  // Never 0.
  };
  Room room();
  // `count` bytes were written to what room() gave last. False: beyond the bound.
  bool wrote(size_t count);
  // Everything that was written since the last take().
  Buffer take() { return std::move(bytes_); }

 private:
  const size_t limit_bytes_;
  Block* block_ = nullptr;
  Buffer bytes_;
};

}  // namespace omni::coding
