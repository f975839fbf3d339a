// Which of a client's stream ids it passed over. RFC 9113 section 5.1.1: opening a stream closes
// all lower idle ones, and using one of those later is a connection error. nghttp2 forgets closed
// streams and lets it pass.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace omni {

class SkippedIds {
 public:
  // A HEADERS frame begins on `id`. False when the client had passed that id over.
  bool admit(int32_t id) {
    if (id > highest_) {
      if (id > highest_ + 2) note({highest_ + 2, id - 2});
      highest_ = id;
      return true;
    }
    return std::none_of(ranges_.begin(), ranges_.end(),
                        [id](const Range& range) { return range.first <= id && id <= range.last; });
  }

 private:
  struct Range {
    int32_t first, last;
  };
  // Real clients skip none; of those who do, the latest gaps are remembered.
  static constexpr size_t kMost = 64;

  void note(Range range) {
    if (ranges_.size() == kMost) ranges_.erase(ranges_.begin());
    ranges_.push_back(range);
  }

  int32_t highest_ = -1;
  std::vector<Range> ranges_;
};

}  // namespace omni
