// A ref-counted run of bytes. Counts are plain integers: a block never leaves its worker's thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace omni {

class Block {
 public:
  // `capacity` writable bytes; the caller owns one reference.
  static Block* create(size_t capacity);

  // A block lent by a reader, which gives it up when somebody still holds a share at the end of the
  // turn. Holders of little call Buffer::own() first, which copies: the block is a big one.
  void lend() { lent_ = true; }
  void give() { lent_ = false; }
  bool is_lent() const { return lent_; }

  void ref() { ++refs_; }
  void unref() {
    if (--refs_ == 0) destroy();
  }
  bool is_shared() const { return refs_ > 1; }

  char* data() { return reinterpret_cast<char*>(this + 1); }
  size_t capacity() const { return capacity_; }

  // Bytes [0, used) belong to slices; what follows may be appended to by any holder, because all
  // holders are on one thread and each byte is handed out once.
  size_t used() const { return used_; }
  void set_used(size_t used) { used_ = static_cast<uint32_t>(used); }

 private:
  explicit Block(size_t capacity) : capacity_(static_cast<uint32_t>(capacity)) {}
  void destroy();

  uint32_t refs_ = 1;
  uint32_t capacity_;
  uint32_t used_ = 0;
  bool lent_ = false;
};

}  // namespace omni
