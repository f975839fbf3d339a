// A body of known length read into one block, so that a JSON reader gets it in one piece with the
// padding it wants, and the socket can write straight into it.
#pragma once

#include <absl/types/span.h>

#include <cstddef>

#include "source/buffer/buffer.h"

namespace omni {

class BodyGatherer {
 public:
  // Readable bytes behind the body, zero when it is handed out.
  static constexpr size_t kPaddingBytes = 64;

  BodyGatherer() = default;
  ~BodyGatherer() { clear(); }
  BodyGatherer(const BodyGatherer&) = delete;
  BodyGatherer& operator=(const BodyGatherer&) = delete;

  void begin(size_t body_bytes);
  bool is_active() const { return block_ != nullptr; }
  size_t missing() const { return size_ - filled_; }

  // Copies what belongs to the body off the front of `in`.
  void take_from(Buffer& in);
  // Room for the rest and some of what may follow it: a read that exactly fills its buffer costs
  // another one that finds nothing.
  absl::Span<char> target();
  // `count` bytes were written to target(). Those behind the body are copied to `surplus`.
  void received(size_t count, Buffer& surplus);
  // The body as one slice. Requires missing() == 0.
  Buffer finish();
  void clear();

 private:
  Block* block_ = nullptr;
  size_t size_ = 0;
  size_t filled_ = 0;
};

}  // namespace omni
