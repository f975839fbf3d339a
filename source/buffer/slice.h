// A run of bytes inside a ref-counted block, and a small row of such runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

#include "source/buffer/block.h"

namespace omni {

// A run of bytes inside a block, or static text without one. Copying shares the block.
class Slice {
 public:
  Slice() = default;
  // Takes over one reference to `owner`; a null owner means that the bytes live for ever.
  Slice(const char* data, size_t size, Block* owner)
      : data_(data), owner_(owner), size_(static_cast<uint32_t>(size)) {}
  Slice(const Slice& other) : data_(other.data_), owner_(other.owner_), size_(other.size_) {
    if (owner_ != nullptr) owner_->ref();
  }
  Slice(Slice&& other) noexcept
      : data_(other.data_), owner_(std::exchange(other.owner_, nullptr)), size_(other.size_) {
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
  // The same bytes, of a block, for who knows that nobody else holds them.
  char* writable() const { return const_cast<char*>(data_); }
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
  Block* owner_ = nullptr;
  uint32_t size_ = 0;
};

// Slices in order, the first few in place. A slice is two pointers and a number, and nothing points
// at it, so a row moves as plain bytes: buffers change hands a dozen times per request.
class SliceRow {
 public:
  SliceRow() {}  // Not defaulted: the room for slices need not be filled with zeros.
  SliceRow(SliceRow&& other) noexcept { take(other); }
  SliceRow& operator=(SliceRow&& other) noexcept {
    if (this == &other) return *this;
    free_all();
    take(other);
    return *this;
  }
  ~SliceRow() {
    if (end_ != 0) free_all();
  }

  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  Slice& operator[](size_t index) { return data()[begin_ + index]; }
  const Slice& operator[](size_t index) const { return data()[begin_ + index]; }
  Slice& back() { return data()[end_ - 1]; }

  void push_back(Slice&& slice) {
    if (end_ == capacity()) make_room();
    new (data() + end_++) Slice(std::move(slice));
  }
  void pop_front() {
    data()[begin_].~Slice();
    if (++begin_ != end_) return;
    if (is_large()) return free_all();
    begin_ = end_ = 0;
  }
  void clear() {
    if (end_ != 0) free_all();
  }

 private:
  static constexpr uint32_t kInline = 3;

  bool is_large() const { return large_capacity_ != 0; }
  uint32_t capacity() const { return is_large() ? large_capacity_ : kInline; }
  Slice* data() { return is_large() ? large() : reinterpret_cast<Slice*>(bytes_); }
  const Slice* data() const { return const_cast<SliceRow*>(this)->data(); }
  Slice* large() const {
    Slice* out;
    std::memcpy(&out, bytes_, sizeof out);
    return out;
  }

  void take(SliceRow& other) {
    std::memcpy(static_cast<void*>(this), &other, sizeof *this);
    other.begin_ = other.end_ = other.large_capacity_ = 0;
  }
  void make_room();
  void free_all();

  uint32_t begin_ = 0;
  uint32_t end_ = 0;
  uint32_t large_capacity_ = 0;  // 0: the slices are in place.
  alignas(Slice) unsigned char bytes_[kInline * sizeof(Slice)];
};

}  // namespace omni
