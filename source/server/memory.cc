#include "source/server/memory.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace omni {

int64_t memory_limit_bytes() {
  int64_t limit = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    int64_t value = 0;
    if (file >> value && value > 0) limit = std::min(limit, value);
  }
  return limit;
}

void tune_allocator() {
  // Bodies of some hundred KiB from the heap rather than from mmap: a fresh mapping costs a page
  // fault for every 4 KiB, each time.
  mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
  mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
  // Each worker allocates and frees on its own thread; more arenas than these only spread the
  // waste.
  mallopt(M_ARENA_MAX, 8);
}

}  // namespace omni
