#include "source/coding/output.h"

#include <utility>

namespace omni::coding {
namespace {

constexpr size_t kBlockBytes = size_t{16} * 1024;
// Less than this is not worth a call of a decoder.
constexpr size_t kLeastRoom = 512;

}  // namespace

Output::~Output() {
  if (block_ != nullptr) block_->unref();
}

Output::Room Output::room() {
  if (block_ != nullptr && block_->capacity() - block_->used() < kLeastRoom)
    std::exchange(block_, nullptr)->unref();
  if (block_ == nullptr) block_ = Block::create(kBlockBytes);
  return {block_->data() + block_->used(), block_->capacity() - block_->used()};
}

bool Output::wrote(size_t count) {
  if (count == 0) return true;
  char* at = block_->data() + block_->used();
  block_->set_used(block_->used() + count);
  block_->ref();
  bytes_.append(Slice(at, count, block_));
  return bytes_.size() <= limit_bytes_;
}

}  // namespace omni::coding
