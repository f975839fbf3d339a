#include "source/event/read_pool.h"

#include <algorithm>
#include <cstring>

namespace omni {

ReadPool::~ReadPool() {
  for (Block* block : parked_) block->unref();
  if (current_ == nullptr) return;
  current_->give();
  current_->unref();
}

absl::Span<char> ReadPool::room() {
  if (taken_ == kReadBytes) settle();
  if (current_ == nullptr) current_ = fresh();
  if (!current_->is_shared()) taken_ = 0;
  return {current_->data() + taken_, kReadBytes - taken_};
}

Slice ReadPool::take(size_t count) {
  current_->ref();
  const Slice taken(current_->data() + taken_, count, current_);
  constexpr size_t kLine = 64;
  taken_ = std::min((taken_ + count + kLine - 1) / kLine * kLine, kReadBytes);
  return taken;
}

void ReadPool::settle() {
  taken_ = 0;
  if (current_ == nullptr || !current_->is_shared()) return;
  current_->give();
  if (parked_.size() < kMaxParked) {
    parked_.push_back(current_);
  } else {
    current_->unref();
  }
  current_ = nullptr;
}

Block* ReadPool::fresh() {
  for (Block*& parked : parked_) {
    if (parked->is_shared()) continue;
    Block* block = parked;
    parked = parked_.back();
    parked_.pop_back();
    block->lend();
    return block;
  }
  Block* block = Block::create(kReadBytes + kPadding);
  std::memset(block->data() + kReadBytes, 0, kPadding);
  block->set_used(block->capacity());  // Holders never append to it.
  block->lend();
  return block;
}

}  // namespace omni
