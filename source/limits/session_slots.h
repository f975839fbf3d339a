// The conversations that a key has going on, as many as it may have.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

namespace omni {

// A fixed number of slots, each one word: so there are never more, and nobody waits. Any thread.
class SessionSlots {
 public:
  static constexpr int64_t kIdleSeconds = 30 * 60;  // Then a session is over.
  static constexpr uint32_t kMost = 4096;

  // 1 to kMost.
  explicit SessionSlots(uint32_t most);

  uint32_t most() const { return most_; }
  // The session goes on, or begins in a free slot; false when there is none.
  bool admit(std::string_view session, int64_t now_seconds);

 private:
  const uint32_t most_;
  // Hash of the session (32 bits, never 0) and when it was last heard of (32 bits, seconds).
  const std::unique_ptr<std::atomic<uint64_t>[]> slots_;
};

}  // namespace omni
