#include "source/base/system_clock.h"

#include <time.h>

namespace omni {

absl::Time wall_now() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return absl::TimeFromTimespec(now);
}
absl::Duration monotonic_now() { return absl::Nanoseconds(monotonic_ns()); }

int64_t monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace omni
