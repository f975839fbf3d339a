// The one place that draws entropy. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace omni {

// Cryptographically strong bytes from the operating system.
std::string random_bytes(size_t count);

// Fast and not secret: for ids and jitter. Seeded per thread from the operating system.
uint64_t random_word();

}  // namespace omni
