// How much memory this process may use.
#pragma once

#include <cstdint>

namespace omni {

// The cgroup's limit or the machine's memory, whichever is less, in bytes.
int64_t memory_limit_bytes();

// Settings of the allocator that suit bodies which come and go: called once, first thing.
void tune_allocator();

}  // namespace omni
