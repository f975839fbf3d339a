#include "source/event/send_ring.h"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "source/base/check.h"

namespace omni {
namespace {

template <class Field>
Field* field(void* start, uint32_t offset) {
  return reinterpret_cast<Field*>(static_cast<char*>(start) + offset);
}

}  // namespace

SendRing::Map::~Map() {
  if (start != nullptr) munmap(start, size);
}

bool SendRing::Map::open(int descriptor, size_t bytes, uint64_t offset) {
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor,
                      static_cast<off_t>(offset));
  if (mapped == MAP_FAILED) return false;
  start = mapped;
  size = bytes;
  return true;
}

std::unique_ptr<SendRing> SendRing::open() {
  io_uring_params params{};
  // One that fails does not hold up the others. Kernels that do not know the flag refuse, so that
  // all that remain know IORING_OP_SEND.
  params.flags = IORING_SETUP_SUBMIT_ALL;
  const long descriptor = syscall(SYS_io_uring_setup, kMost, &params);
  if (descriptor < 0) return nullptr;
  std::unique_ptr<SendRing> ring(new SendRing(static_cast<int>(descriptor)));
  if (!ring->map(params)) return nullptr;
  return ring;
}

SendRing::~SendRing() { close(descriptor_); }

// As io_uring_setup(2) says where the fields are.
bool SendRing::map(const io_uring_params& params) {
  if ((params.features & IORING_FEAT_SINGLE_MMAP) == 0) return false;
  const size_t submitted = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
  const size_t done = params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe);
  if (!rings_.open(descriptor_, std::max(submitted, done), IORING_OFF_SQ_RING) ||
      !entry_map_.open(descriptor_, params.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES))
    return false;
  void* rings = rings_.start;
  entries_ = static_cast<io_uring_sqe*>(entry_map_.start);
  tail_ = field<uint32_t>(rings, params.sq_off.tail);
  mask_ = *field<uint32_t>(rings, params.sq_off.ring_mask);
  done_ = field<io_uring_cqe>(rings, params.cq_off.cqes);
  done_head_ = field<uint32_t>(rings, params.cq_off.head);
  done_tail_ = field<uint32_t>(rings, params.cq_off.tail);
  done_mask_ = *field<uint32_t>(rings, params.cq_off.ring_mask);
  auto* order = field<uint32_t>(rings, params.sq_off.array);
  for (uint32_t i = 0; i < params.sq_entries; ++i) order[i] = i;
  return true;
}

void SendRing::submit(absl::Span<Send> sends) {
  OMNI_CHECK(sends.size() <= kMost);
  const uint32_t first = *tail_;
  for (size_t i = 0; i < sends.size(); ++i) {
    Send& send = sends[i];
    send.result = -EAGAIN;
    // With MSG_DONTWAIT the kernel neither waits nor hands the send to a thread of its own.
    entries_[(first + i) & mask_] = {
        .opcode = IORING_OP_SEND,
        .fd = send.socket,
        .addr = reinterpret_cast<uint64_t>(send.bytes.data()),
        .len = static_cast<uint32_t>(send.bytes.size()),
        .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL,
        .user_data = i,
    };
  }
  const auto move_tail = [this](uint32_t to) {
    std::atomic_ref(*tail_).store(to, std::memory_order_release);
  };
  move_tail(first + static_cast<uint32_t>(sends.size()));
  const size_t taken = enter(sends.size(), 0);
  // What was not taken must not leave with the next.
  if (taken < sends.size()) move_tail(first + static_cast<uint32_t>(taken));
  // Nothing of them is under way any more when this returns: their bytes may go.
  for (size_t done = collect(sends); done < taken; done += collect(sends)) enter(0, taken - done);
}

// How many of `sends` the kernel took.
size_t SendRing::enter(size_t sends, size_t wait_for) const {
  const long taken = syscall(SYS_io_uring_enter, descriptor_, sends, wait_for,
                             wait_for > 0 ? IORING_ENTER_GETEVENTS : 0, nullptr, 0);
  return taken > 0 ? static_cast<size_t>(taken) : 0;
}

size_t SendRing::collect(absl::Span<Send> sends) {
  const uint32_t first = *done_head_;
  const uint32_t end = std::atomic_ref(*done_tail_).load(std::memory_order_acquire);
  for (uint32_t at = first; at != end; ++at) {
    const io_uring_cqe& done = done_[at & done_mask_];
    sends[done.user_data].result = done.res;
  }
  std::atomic_ref(*done_head_).store(end, std::memory_order_release);
  return end - first;
}

}  // namespace omni
