// A chain of byte slices: what every layer passes on instead of copying. Belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "source/buffer/slice.h"

namespace omni {

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::string_view copied) { append(copied); }
  Buffer(Buffer&& other) noexcept
      : slices_(std::move(other.slices_)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    slices_ = std::move(other.slices_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void clear() {
    slices_.clear();
    size_ = 0;
  }

  // Copies the bytes to the end.
  void append(std::string_view bytes);
  // Adds bytes that live for ever (literals), without copying.
  void append_static(std::string_view bytes);
  void append(Slice&& slice) {
    if (slice.size() == 0) return;
    size_ += slice.size();
    slices_.push_back(std::move(slice));
  }
  // Moves everything out of `other` to the end of this one.
  void append(Buffer&& other);

  // Drops the first `count` bytes (at most all).
  void drop(size_t count);
  // Moves the first `count` bytes (at most all) out.
  Buffer take(size_t count);
  // Shares all bytes without copying them.
  Buffer share() const;

  // Slices in order.
  size_t slice_count() const { return slices_.size(); }
  const Slice& slice(size_t index) const { return slices_[index]; }

  // Bytes of the first slice, empty when there is none.
  std::string_view front() const { return empty() ? std::string_view() : slices_[0].view(); }
  // Makes everything one slice, copying unless it is one already, with at least `padding` readable
  // bytes after it, and returns it.
  std::string_view flatten(size_t padding = 0);
  // Copies slices of lent blocks, so that nothing here depends on the current turn. Slices of
  // kLargeLoan bytes or more keep the block instead: the reader then takes another one.
  void own();
  std::string to_string() const;

  static constexpr size_t kLargeLoan = 48 * 1024;

 private:
  SliceRow slices_;
  size_t size_ = 0;
};

}  // namespace omni
