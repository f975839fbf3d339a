// How much memory this process may use.
#pragma once

#include <cstdint>

namespace omni {

// The cgroup's limit or the machine's memory, whichever is less, in bytes.
int64_t memory_limit_bytes();

}  // namespace omni
