#include "source/log/log_ring.h"

#include <algorithm>
#include <cstring>

namespace omni {

bool LogRing::push(std::string_view line) {
  const uint64_t at = written_.load(std::memory_order_relaxed);
  const uint64_t used = at - read_.load(std::memory_order_acquire);
  if (line.size() > kBytes - used) {
    dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return false;
  }
  const size_t offset = at & (kBytes - 1);
  const size_t first = std::min(line.size(), kBytes - offset);
  std::memcpy(bytes_.get() + offset, line.data(), first);
  std::memcpy(bytes_.get(), line.data() + first, line.size() - first);
  written_.store(at + line.size(), std::memory_order_release);
  return true;
}

LogRing::Ready LogRing::ready() const {
  const uint64_t from = read_.load(std::memory_order_relaxed);
  const uint64_t size = written_.load(std::memory_order_acquire) - from;
  const size_t offset = from & (kBytes - 1);
  const size_t first = std::min<size_t>(size, kBytes - offset);
  return {{bytes_.get() + offset, first}, {bytes_.get(), size - first}};
}

void LogRing::release(size_t count) {
  read_.store(read_.load(std::memory_order_relaxed) + count, std::memory_order_release);
}

}  // namespace omni
