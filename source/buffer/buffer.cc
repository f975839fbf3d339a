#include "source/buffer/buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <new>

#include "source/base/check.h"

namespace omni {

namespace {

// Heads, events and small bodies come and go by the thousand, and malloc's own thread cache ends at
// a kilobyte. A thread keeps a few blocks of two sizes; what it keeps is freed when it ends.
class BlockCache {
 public:
  ~BlockCache() {
    for (Shelf& shelf : shelves_)
      while (shelf.count > 0) std::free(shelf.blocks[--shelf.count]);
  }

  // The size that `capacity` is rounded up to, or itself when it is not kept here.
  static size_t rounded(size_t capacity) {
    for (const size_t size : kSizes)
      if (capacity <= size) return size;
    return capacity;
  }
  void* take(size_t capacity) {
    Shelf* shelf = find(capacity);
    return shelf != nullptr && shelf->count > 0 ? shelf->blocks[--shelf->count] : nullptr;
  }
  bool keep(void* block, size_t capacity) {
    Shelf* shelf = find(capacity);
    if (shelf == nullptr || shelf->count == kKept) return false;
    shelf->blocks[shelf->count++] = block;
    return true;
  }

 private:
  static constexpr size_t kSizes[] = {512, 2048};
#if defined(__SANITIZE_ADDRESS__)
  static constexpr size_t kKept = 1;  // A block that is used again hides who used it too long.
#else
  static constexpr size_t kKept = 64;
#endif
  struct Shelf {
    size_t count = 0;
    void* blocks[kKept];
  };

  Shelf* find(size_t capacity) {
    for (size_t i = 0; i < std::size(kSizes); ++i)
      if (capacity == kSizes[i]) return &shelves_[i];
    return nullptr;
  }

  Shelf shelves_[std::size(kSizes)];
};

BlockCache& block_cache() {
  thread_local BlockCache cache;
  return cache;
}

}  // namespace

Block* Block::create(size_t capacity) {
  capacity = BlockCache::rounded(capacity);
  void* memory = block_cache().take(capacity);
  if (memory == nullptr) memory = std::malloc(sizeof(Block) + capacity);
  OMNI_CHECK(memory != nullptr);
  return new (memory) Block(capacity);
}

void Block::destroy() {
  if (!block_cache().keep(this, capacity_)) std::free(this);
}

void Buffer::append(std::string_view bytes) {
  if (bytes.empty()) return;
  if (!slices_.empty()) {
    Slice& last = slices_.back();
    Block* block = last.owner_;
    if (block != nullptr && !block->is_lent() &&
        last.data_ + last.size_ == block->data() + block->used()) {
      const size_t fits = std::min(bytes.size(), block->capacity() - block->used());
      std::memcpy(block->data() + block->used(), bytes.data(), fits);
      block->set_used(block->used() + fits);
      last.size_ += static_cast<uint32_t>(fits);
      size_ += fits;
      bytes.remove_prefix(fits);
      if (bytes.empty()) return;
    }
  }
  // Small texts tend to come in rows; a big one comes alone.
  Block* block = Block::create(bytes.size() < 400 ? 480 : bytes.size());
  std::memcpy(block->data(), bytes.data(), bytes.size());
  block->set_used(bytes.size());
  append(Slice(block->data(), bytes.size(), block));
}

void Buffer::append_static(std::string_view bytes) {
  append(Slice(bytes.data(), bytes.size(), nullptr));
}

void Buffer::append(Buffer&& other) {
  if (empty()) {
    *this = std::move(other);
    return;
  }
  for (size_t i = 0; i < other.slices_.size(); ++i) slices_.push_back(std::move(other.slices_[i]));
  size_ += other.size_;
  other.clear();
}

void Buffer::drop(size_t count) {
  count = std::min(count, size_);
  size_ -= count;
  while (count > 0) {
    Slice& front = slices_[0];
    if (count < front.size()) {
      front.remove_prefix(count);
      return;
    }
    count -= front.size();
    slices_.pop_front();
  }
}

Buffer Buffer::take(size_t count) {
  if (count >= size_) return std::move(*this);
  Buffer out;
  size_ -= count;
  while (count > 0) {
    Slice& front = slices_[0];
    if (count < front.size()) {
      out.append(front.part(0, count));
      front.remove_prefix(count);
      break;
    }
    count -= front.size();
    out.append(std::move(front));
    slices_.pop_front();
  }
  return out;
}

Buffer Buffer::share() const {
  Buffer out;
  for (size_t i = 0; i < slices_.size(); ++i) out.append(Slice(slices_[i]));
  return out;
}

std::string_view Buffer::flatten(size_t padding) {
  if (empty()) return {};
  if (slice_count() == 1 && (padding == 0 || slices_[0].readable_after() >= padding))
    return front();
  Block* block = Block::create(size_ + padding);
  size_t at = 0;
  for (size_t i = 0; i < slices_.size(); ++i) {
    const std::string_view bytes = slices_[i].view();
    std::memcpy(block->data() + at, bytes.data(), bytes.size());
    at += bytes.size();
  }
  if (padding > 0) std::memset(block->data() + at, 0, padding);
  // The padding stays untouched by later appends, which readers of it may rely on.
  block->set_used(padding > 0 ? at + padding : at);
  clear();
  append(Slice(block->data(), at, block));
  return front();
}

void Buffer::own() {
  for (size_t i = 0; i < slices_.size(); ++i) {
    Slice& slice = slices_[i];
    if (!slice.is_lent() || slice.size() >= kLargeLoan) continue;
    // 64 spare bytes: what is kept is most often a body that a JSON reader sees next.
    Block* block = Block::create(slice.size() + 64);
    std::memcpy(block->data(), slice.data_, slice.size());
    std::memset(block->data() + slice.size(), 0, 64);
    block->set_used(slice.size() + 64);
    slice = Slice(block->data(), slice.size(), block);
  }
}

std::string Buffer::to_string() const {
  std::string out;
  out.reserve(size_);
  for (size_t i = 0; i < slices_.size(); ++i) out.append(slices_[i].view());
  return out;
}

}  // namespace omni
