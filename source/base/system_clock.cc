#include "source/base/system_clock.h"

#include <time.h>

namespace omni {
namespace {

absl::Duration read(clockid_t id) {
  timespec now;
  clock_gettime(id, &now);
  return absl::DurationFromTimespec(now);
}

}  // namespace

absl::Time wall_now() { return absl::UnixEpoch() + read(CLOCK_REALTIME); }
absl::Duration monotonic_now() { return read(CLOCK_MONOTONIC); }

}  // namespace omni
