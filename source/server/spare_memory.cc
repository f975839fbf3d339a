#include "source/server/spare_memory.h"

#include <cstddef>
#include <utility>

namespace omni {

std::unique_ptr<char[]> SpareMemory::make_large() {
  return std::make_unique_for_overwrite<char[]>(kLarge);
}

void SpareMemory::give_back() {
  large_.reset();
  large_ = make_large();
  if (std::exchange(has_changed_, false) || open_ > 0) timer_->arm(kEvery);
}

}  // namespace omni
