#include "source/event/time_slice.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace omni {
namespace {

constexpr uint64_t kSliceNanos = 3'000'000;

// The first version of the kernel's struct sched_attr, which Debian 12's C library does not
// declare.
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes);
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0, deadline = 0, period = 0;  // Nanoseconds; of SCHED_OTHER only `runtime`.
};
static_assert(sizeof(SchedulingAttributes) == 48);

// Of the calling thread, if it runs under `policy`.
bool read_attributes(uint32_t policy, SchedulingAttributes& out) {
  if (syscall(SYS_sched_getattr, 0, &out, sizeof out, 0) != 0) return false;
  out.size = sizeof out;
  return out.policy == policy;
}

bool write_attributes(const SchedulingAttributes& attributes) {
  return syscall(SYS_sched_setattr, 0, &attributes, 0) == 0;
}

}  // namespace

void ask_for_long_slice() {
  SchedulingAttributes attributes;
  // Who chose another policy, or a longer slice, knows better.
  if (!read_attributes(SCHED_OTHER, attributes) || attributes.runtime >= kSliceNanos) return;
  attributes.runtime = kSliceNanos;
  (void)write_attributes(attributes);
}

bool give_way(bool is_on) {
  SchedulingAttributes attributes;
  if (!read_attributes(is_on ? SCHED_OTHER : SCHED_BATCH, attributes)) return false;
  attributes.policy = is_on ? SCHED_BATCH : SCHED_OTHER;
  return write_attributes(attributes);
}

}  // namespace omni
