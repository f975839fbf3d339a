// Finds one whole head in a stream of slices. A head that lies in one slice is parsed where it is;
// only one that is split is copied together, each byte once.
#pragma once

#include <string>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/http/http1/head_guard.h"

namespace omni {

class HeadReader {
 public:
  using Verdict = HeadGuard::Verdict;

  HeadReader(HeadGuard::Kind kind, const CodecLimits& limits) : guard_(kind, limits) {}

  // After kIncomplete all of `in` has been taken.
  Verdict read(Buffer& in);
  // After kComplete, until finish(): first line to closing empty line.
  std::string_view head() const { return head_; }
  // Takes the head off `in`, which must be as read() left it, and starts over.
  void finish(Buffer& in);

  const Fault& fault() const { return guard_.fault(); }
  // No byte of a head has been taken yet.
  bool is_empty() const { return partial_.empty(); }

 private:
  HeadGuard guard_;
  std::string partial_;
  std::string_view head_;
  size_t in_front_ = 0;  // Bytes of the head that are still in `in`.
};

}  // namespace omni
