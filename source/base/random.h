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

// Equal words give equal words, near ones unrelated words (SplitMix64, public domain, Vigna).
inline uint64_t mixed(uint64_t word) {
  word += 0x9E3779B97F4A7C15ull;
  word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9ull;
  word = (word ^ (word >> 27)) * 0x94D049BB133111EBull;
  return word ^ (word >> 31);
}

}  // namespace omni
