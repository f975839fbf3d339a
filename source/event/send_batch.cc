#include "source/event/send_batch.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "source/event/send_ring.h"

namespace omni {
namespace {

// For the senders of one submit; of what they send, 1 to 2 KB are usual.
constexpr size_t kRowScratch = 64 * 1024;

}  // namespace

SendBatch::SendBatch(Dispatcher& loop, bool may_use_ring)
    : loop_(loop), may_use_ring_(may_use_ring) {}

SendBatch::~SendBatch() = default;

void SendBatch::add(Sender& sender) {
  if (row_.add(sender)) loop_.in_turn(TurnPart::kSends, *this);
}

void SendBatch::on_turn() {
  for (size_t at = 0; at < row_.size();)
    at = row_.size() - at > 1 && has_ring() ? send_row(at) : send_one(at);
  row_.clear();
}

bool SendBatch::has_ring() {
  if (ring_ != nullptr || !may_use_ring_) return ring_ != nullptr;
  ring_ = SendRing::open();
  may_use_ring_ = ring_ != nullptr;
  if (may_use_ring_) scratch_ = std::make_unique_for_overwrite<char[]>(kRowScratch);
  return may_use_ring_;
}

int SendBatch::send_now(Sender& sender) {
  sender.withdraw();
  std::array<char, kScratch> scratch;
  const std::string_view bytes = sender.to_send(absl::MakeSpan(scratch));
  // Not by the library's function, which is a point where a thread may be cancelled and pays for
  // that with two locked instructions.
  const long count = syscall(SYS_sendto, sender.socket(), bytes.data(), bytes.size(),
                             MSG_NOSIGNAL | MSG_DONTWAIT, nullptr, 0);
  return count >= 0 ? static_cast<int>(count) : -errno;
}

// Both return where the next stands.
size_t SendBatch::send_one(size_t at) {
  if (Sender* sender = row_[at]) sender->sent(send_now(*sender));
  return at + 1;
}

size_t SendBatch::send_row(size_t at) {
  std::array<SendRing::Send, SendRing::kMost> sends;
  std::array<size_t, SendRing::kMost> slots;
  size_t count = 0;
  for (size_t used = 0; at < row_.size() && count < sends.size() && used + kScratch <= kRowScratch;
       ++at) {
    Sender* sender = row_[at];
    if (sender == nullptr) continue;
    const absl::Span<char> scratch(scratch_.get() + used, kScratch);
    sends[count].socket = sender->socket();
    sends[count].bytes = sender->to_send(scratch);
    if (sends[count].bytes.data() == scratch.data()) used += sends[count].bytes.size();
    sender->is_submitted_ = true;
    slots[count++] = at;
  }
  ring_->submit(absl::MakeSpan(sends.data(), count));
  for (size_t i = 0; i < count; ++i) {
    Sender* sender = row_[slots[i]];  // None when another of these destroyed it.
    if (sender == nullptr) continue;
    sender->withdraw();
    sender->sent(sends[i].result);
  }
  return at;
}

}  // namespace omni
