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

}  // namespace

void ask_for_long_slice() {
  SchedulingAttributes attributes;
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  // Who chose another policy, or a longer slice, knows better.
  if (attributes.policy != SCHED_OTHER || attributes.runtime >= kSliceNanos) return;
  attributes.size = sizeof attributes;
  attributes.runtime = kSliceNanos;
  (void)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace omni
