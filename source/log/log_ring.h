// A bounded queue of bytes from one thread to the log thread. A full ring drops the line and counts
// it: a slow standard error never stops a loop.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace omni {

class LogRing {
 public:
  static constexpr size_t kBytes = 1024 * 1024;  // A power of two.

  LogRing() : bytes_(new char[kBytes]) {}
  LogRing(const LogRing&) = delete;
  LogRing& operator=(const LogRing&) = delete;

  // Producer. All of `line` or nothing; false when it did not fit.
  bool push(std::string_view line);

  // Consumer. The bytes that are ready, in order and in at most two runs; valid until release().
  struct Ready {
    std::string_view first, second;
    size_t size() const { return first.size() + second.size(); }
  };
  Ready ready() const;
  void release(size_t count);
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  std::unique_ptr<char[]> bytes_;
  alignas(64) std::atomic<uint64_t> written_{0};
  alignas(64) std::atomic<uint64_t> read_{0};
  std::atomic<uint64_t> dropped_{0};
};

}  // namespace omni
