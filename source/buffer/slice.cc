#include "source/buffer/slice.h"

#include <cstdlib>

#include "source/base/check.h"

namespace omni {

size_t Slice::readable_after() const {
  if (owner_ == nullptr) return 0;
  return static_cast<size_t>(owner_->data() + owner_->capacity() - (data_ + size_));
}

// Room at the front is used again when that is at least half, so a row that is a queue stays as
// long as it ever had to be, and each slice moves a bounded number of times.
void SliceRow::make_room() {
  const uint32_t count = end_ - begin_;
  Slice* from = data();
  if (begin_ > 0 && begin_ >= count) {
    std::memmove(static_cast<void*>(from), from + begin_, count * sizeof(Slice));
  } else {
    const uint32_t wanted = capacity() * 2 + 2;
    auto* to = static_cast<Slice*>(std::malloc(wanted * sizeof(Slice)));
    OMNI_CHECK(to != nullptr);
    std::memcpy(static_cast<void*>(to), from + begin_, count * sizeof(Slice));
    if (is_large()) std::free(from);
    std::memcpy(bytes_, &to, sizeof to);
    large_capacity_ = wanted;
  }
  begin_ = 0;
  end_ = count;
}

void SliceRow::free_all() {
  Slice* slices = data();
  for (uint32_t i = begin_; i < end_; ++i) slices[i].~Slice();
  if (is_large()) std::free(slices);
  begin_ = end_ = large_capacity_ = 0;
}

}  // namespace omni
