// Many sends in one system call, by io_uring(7).
#pragma once

#include <absl/types/span.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

struct io_uring_cqe;
struct io_uring_params;
struct io_uring_sqe;

namespace omni {

// A queue of sends that are all done when the call that submits them returns: none of them waits.
// Belongs to one thread.
class SendRing {
 public:
  struct Send {
    int socket = -1;
    std::string_view bytes;
    int result = 0;  // How many of them the kernel took, or a negative errno.
  };
  static constexpr size_t kMost = 32;  // Sends of one submit().

  // Null where the kernel has none, or one older than 5.18, or a sandbox or an administrator
  // forbids it.
  static std::unique_ptr<SendRing> open();
  ~SendRing();
  SendRing(const SendRing&) = delete;
  SendRing& operator=(const SendRing&) = delete;

  // Sets the result of each. What the kernel did not even look at, as when it is short of memory,
  // ends with -EAGAIN. At most kMost.
  void submit(absl::Span<Send> sends);

 private:
  // Shared with the kernel.
  struct Map {
    Map() = default;
    Map(const Map&) = delete;
    Map& operator=(const Map&) = delete;
    ~Map();
    bool open(int descriptor, size_t bytes, uint64_t offset);
    void* start = nullptr;
    size_t size = 0;
  };

  explicit SendRing(int descriptor) : descriptor_(descriptor) {}
  bool map(const io_uring_params& params);
  size_t enter(size_t sends, size_t wait_for) const;
  size_t collect(absl::Span<Send> sends);

  const int descriptor_;
  Map rings_, entry_map_;
  io_uring_sqe* entries_ = nullptr;
  uint32_t* tail_ = nullptr;  // Of what is submitted; moved by us.
  uint32_t mask_ = 0;
  io_uring_cqe* done_ = nullptr;
  uint32_t* done_head_ = nullptr;  // Moved by us.
  uint32_t* done_tail_ = nullptr;  // Moved by the kernel.
  uint32_t done_mask_ = 0;
};

}  // namespace omni
