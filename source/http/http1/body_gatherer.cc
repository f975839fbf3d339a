#include "source/http/http1/body_gatherer.h"

#include <algorithm>
#include <cstring>

#include "source/base/check.h"

namespace omni {
namespace {

constexpr size_t kSpareBytes = 64;

}  // namespace

void BodyGatherer::begin(size_t body_bytes) {
  clear();
  block_ = Block::create(body_bytes + kSpareBytes + kPaddingBytes);
  size_ = body_bytes;
  filled_ = 0;
}

void BodyGatherer::take_from(Buffer& in) {
  while (!in.empty() && filled_ < size_) {
    const std::string_view bytes = in.front().substr(0, missing());
    std::memcpy(block_->data() + filled_, bytes.data(), bytes.size());
    filled_ += bytes.size();
    in.drop(bytes.size());
  }
}

absl::Span<char> BodyGatherer::target() {
  return {block_->data() + filled_, missing() + kSpareBytes};
}

void BodyGatherer::received(size_t count, Buffer& surplus) {
  OMNI_CHECK(block_ != nullptr && count <= missing() + kSpareBytes);
  const size_t mine = std::min(count, missing());
  filled_ += mine;
  if (count > mine) surplus.append(std::string_view(block_->data() + size_, count - mine));
}

Buffer BodyGatherer::finish() {
  OMNI_CHECK(block_ != nullptr && missing() == 0);
  std::memset(block_->data() + size_, 0, kSpareBytes + kPaddingBytes);
  // The padding counts as used, so that nobody appends over it.
  block_->set_used(block_->capacity());
  Buffer out;
  out.append(Slice(block_->data(), size_, block_));
  block_ = nullptr;
  return out;
}

void BodyGatherer::clear() {
  if (block_ != nullptr) block_->unref();
  block_ = nullptr;
}

}  // namespace omni
