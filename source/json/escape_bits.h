// Backslashes in masks of 64 bytes.
#pragma once

#include <cstdint>

namespace omni::json {

// The bytes that a backslash before them escapes, where several stand in a row: rows that begin at
// even places are told from those at odd ones by the carry of an addition. `carry`: the first byte
// of these, then that of the next ones, is escaped.
__attribute__((noinline)) inline uint64_t escaped_in_rows(uint64_t backslashes, bool& carry) {
  const uint64_t before = carry ? 1 : 0;
  const uint64_t unescaped = backslashes & ~before;
  const uint64_t follows = (unescaped << 1) | before;
  constexpr uint64_t kEven = 0x5555555555555555;
  const uint64_t odd_starts = unescaped & ~kEven & ~follows;
  uint64_t even_rows;
  carry = __builtin_add_overflow(odd_starts, unescaped, &even_rows);
  return (kEven ^ (even_rows << 1)) & follows;
}

// The same for all bytes. One alone, as most are, needs no addition, and what is carried on does
// not wait for what was carried here: half of the time of a text that is full of escapes.
__attribute__((always_inline)) inline uint64_t escaped_bytes(uint64_t backslashes, bool& carry) {
  const uint64_t follows = (backslashes << 1) | (carry ? 1 : 0);
  if ((backslashes & follows) != 0) return escaped_in_rows(backslashes, carry);
  carry = (backslashes >> 63) != 0;
  return follows;
}

}  // namespace omni::json
