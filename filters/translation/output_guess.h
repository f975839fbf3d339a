// How much a model wrote, where its provider does not say.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace omni::filters {

// About so many bytes to a token.
inline constexpr int64_t kBytesPerToken = 4;

inline int64_t tokens_of(size_t text_bytes) {
  return (static_cast<int64_t>(text_bytes) + kBytesPerToken - 1) / kBytesPerToken;
}

// Of an answer in pieces. Most models write one token a piece, so no piece counts less than that.
class OutputGuess {
 public:
  // A piece of text, as it stands in JSON.
  void add(size_t bytes) {
    tokens_ += std::max<int64_t>(1, static_cast<int64_t>(bytes) / kBytesPerToken);
  }
  int64_t tokens() const { return tokens_; }

 private:
  int64_t tokens_ = 0;
};

// The same by the sizes of a chat stream's frames, whose texts nobody reads: what stands around a
// text is the same in all of them, so the smallest chunk is nearly that alone.
class FrameGuess {
 public:
  // A chunk that shows nothing.
  void see(size_t bytes) { around_ = std::min(around_, bytes); }
  void add(size_t bytes) {
    see(bytes);
    text_.add(bytes - around_);
  }
  int64_t tokens() const { return text_.tokens(); }

 private:
  static constexpr size_t kMostAround = 400;  // Whatever the first one says.
  size_t around_ = kMostAround;
  OutputGuess text_;
};

}  // namespace omni::filters
