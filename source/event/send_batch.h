// What the connections of one loop send at the end of a turn, in as few system calls as the kernel
// allows.
#pragma once

#include <absl/types/span.h>

#include <cstddef>
#include <memory>
#include <string_view>

#include "api/event.h"
#include "source/base/slot_row.h"

namespace omni {

class SendRing;

// Who has bytes to send. Destroying it withdraws it.
class Sender : private RowMember<Sender> {
 public:
  Sender() = default;

  virtual int socket() const = 0;
  // What it has to send at this moment; not empty, and valid until sent() is called. `scratch` is
  // for bytes that do not lie in one piece.
  virtual std::string_view to_send(absl::Span<char> scratch) = 0;
  // `result` is how many of them the kernel took, or a negative errno. May destroy this or others.
  virtual void sent(int result) = 0;
  void withdraw() {
    leave_row();
    is_submitted_ = false;
  }
  // Its bytes have not been given to the kernel yet.
  bool is_waiting() const { return is_in_row() && !is_submitted_; }

 protected:
  virtual ~Sender() = default;

 private:
  friend class SendBatch;
  friend class SlotRow<Sender>;
  bool is_submitted_ = false;  // Until it is told the result.
};

// Several sends go to the kernel in one call, so that whom the first one wakes on the same core
// does not take it away before the last. Where there is no io_uring, and for one alone, it is
// send(2).
class SendBatch final : private TurnWork {
 public:
  // For one sender. What is no more than this leaves in one piece: to copy it costs less than what
  // the kernel does for a row of pieces.
  static constexpr size_t kScratch = 4096;

  explicit SendBatch(Dispatcher& loop, bool may_use_ring = true);
  ~SendBatch() override;

  // `sender` sends at the end of this turn. A no-op when it is going to.
  void add(Sender& sender);
  // Sends at once, and returns what sent() would be told, which is not called.
  static int send_now(Sender& sender);

 private:
  void on_turn() override;
  bool has_ring();
  size_t send_one(size_t at);
  size_t send_row(size_t at);

  Dispatcher& loop_;
  SlotRow<Sender> row_;
  std::unique_ptr<SendRing> ring_;
  std::unique_ptr<char[]> scratch_;  // With the ring.
  bool may_use_ring_;                // Until it could not be opened.
};

}  // namespace omni
