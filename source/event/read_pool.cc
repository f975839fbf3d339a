#include "source/event/read_pool.h"

#include <cstring>

namespace omni {

ReadPool::~ReadPool() {
  for (Block* block : parked_) block->unref();
  if (current_ == nullptr) return;
  current_->give();
  current_->unref();
}

Block& ReadPool::block() {
  settle();
  if (current_ == nullptr) current_ = fresh();
  return *current_;
}

void ReadPool::settle() {
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
