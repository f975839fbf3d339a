// A chain of byte slices: what every layer passes on instead of copying. Belongs to one thread.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "source/buffer/block.h"

namespace omni {

// A run of bytes inside a block, or static text without one. Copying shares the block.
class Slice {
 public:
  Slice() = default;
  // Takes over one reference to `owner`; a null owner means that the bytes live for ever.
  Slice(const char* data, size_t size, Block* owner)
      : data_(data), size_(static_cast<uint32_t>(size)), owner_(owner) {}
  Slice(const Slice& other) : data_(other.data_), size_(other.size_), owner_(other.owner_) {
    if (owner_ != nullptr) owner_->ref();
  }
  Slice(Slice&& other) noexcept
      : data_(other.data_), size_(other.size_), owner_(std::exchange(other.owner_, nullptr)) {
    other.size_ = 0;
  }
  Slice& operator=(Slice other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(owner_, other.owner_);
    return *this;
  }
  ~Slice() {
    if (owner_ != nullptr) owner_->unref();
  }

  std::string_view view() const { return {data_, size_}; }
  size_t size() const { return size_; }
  Block* owner() const { return owner_; }
  bool is_lent() const { return owner_ != nullptr && owner_->is_lent(); }

  // Bytes after the end that may be read (not used), as JSON parsers want.
  size_t readable_after() const;
  void remove_prefix(size_t count) {
    data_ += count;
    size_ -= static_cast<uint32_t>(count);
  }
  // A share of [at, at + count).
  Slice part(size_t at, size_t count) const {
    Slice out(*this);
    out.data_ += at;
    out.size_ = static_cast<uint32_t>(count);
    return out;
  }

 private:
  friend class Buffer;

  const char* data_ = nullptr;
  uint32_t size_ = 0;
  Block* owner_ = nullptr;
};

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::string_view copied) { append(copied); }
  Buffer(Buffer&& other) noexcept
      : slices_(std::move(other.slices_)), first_(other.first_), size_(other.size_) {
    other.clear();
  }
  Buffer& operator=(Buffer&& other) noexcept {
    slices_ = std::move(other.slices_);
    first_ = other.first_;
    size_ = other.size_;
    other.clear();
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void clear() {
    slices_.clear();
    first_ = 0;
    size_ = 0;
  }

  // Copies the bytes to the end.
  void append(std::string_view bytes);
  // Adds bytes that live for ever (literals), without copying.
  void append_static(std::string_view bytes);
  void append(Slice slice);
  // Moves everything out of `other` to the end of this one.
  void append(Buffer&& other);

  // Drops the first `count` bytes (at most all).
  void drop(size_t count);
  // Moves the first `count` bytes (at most all) out.
  Buffer take(size_t count);
  // Shares all bytes without copying them.
  Buffer share() const;

  // Slices in order.
  size_t slice_count() const { return slices_.size() - first_; }
  const Slice& slice(size_t index) const { return slices_[first_ + index]; }

  // Bytes of the first slice, empty when there is none.
  std::string_view front() const { return empty() ? std::string_view() : slices_[first_].view(); }
  // Makes everything one slice, copying unless it is one already, with at least `padding` readable
  // bytes after it, and returns it.
  std::string_view flatten(size_t padding = 0);
  // Copies slices of lent blocks, so that nothing here depends on the current callback. Slices of
  // kLargeLoan bytes or more keep the block instead: the reader then takes another one.
  void own();
  std::string to_string() const;

  static constexpr size_t kLargeLoan = 48 * 1024;

 private:
  void pop_front_slice();

  absl::InlinedVector<Slice, 3> slices_;
  size_t first_ = 0;
  size_t size_ = 0;
};

}  // namespace omni
