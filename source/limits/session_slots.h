// The conversations that a key has going on, as many as it may have. The limit is a
// configuration's, what is going on is not: so a reload that changes the one keeps the other.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace omni {

// Places for conversations, each one word: when it was last heard of (32 bits, seconds), and its
// hash (32 bits, never 0).
class alignas(64) SessionCells {
 public:
  static constexpr uint32_t kMost = 4096;

  // Main thread. At least so many, kMost at most; those that there are stay where they are.
  void grow(uint32_t places);

  // Any thread.
  uint32_t size() const { return size_.load(std::memory_order_acquire); }
  std::atomic<uint64_t>& at(uint32_t place) { return parts_[place / kPart][place % kPart]; }
  // How many hold a session that is going on.
  uint32_t count(uint32_t now_seconds);

 private:
  static constexpr uint32_t kPart = 64;

  std::atomic<uint32_t> size_{0};
  std::array<std::unique_ptr<std::atomic<uint64_t>[]>, kMost / kPart> parts_;
};

// As many of the places as a limit has: so there are never more, and nobody waits. Any thread.
class SessionSlots {
 public:
  static constexpr int64_t kIdleSeconds = 30 * 60;  // Then a session is over.
  static constexpr uint32_t kMost = SessionCells::kMost;

  // 1 to kMost. On the main thread; what cells that had another limit hold goes on, even where it
  // is more than this one lets begin.
  explicit SessionSlots(uint32_t most) : SessionSlots(most, std::make_shared<SessionCells>()) {}
  SessionSlots(uint32_t most, std::shared_ptr<SessionCells> cells)
      : most_(most), cells_(std::move(cells)) {
    cells_->grow(most);
  }

  uint32_t most() const { return most_; }
  // The session goes on, or begins in a free slot; false when there is none.
  bool admit(std::string_view session, int64_t now_seconds);

 private:
  bool goes_on(uint64_t hash, uint64_t mark);
  bool begins(uint64_t hash, uint64_t mark);

  const uint32_t most_;
  const std::shared_ptr<SessionCells> cells_;
};

}  // namespace omni
