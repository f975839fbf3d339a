// The one place that reads the system's clocks. Any thread.
#pragma once

#include <absl/time/time.h>

#include <cstdint>

namespace omni {

// Wall time, for people and for tokens.
absl::Time wall_now();
// Time since an arbitrary moment, never going back. For timeouts and measurements.
absl::Duration monotonic_now();
int64_t monotonic_ns();

}  // namespace omni
