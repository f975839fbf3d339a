#include "source/buffer/buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "source/base/check.h"

namespace omni {

Block* Block::create(size_t capacity) {
  void* memory = std::malloc(sizeof(Block) + capacity);
  OMNI_CHECK(memory != nullptr);
  return new (memory) Block(capacity);
}

void Block::destroy() { std::free(this); }

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
