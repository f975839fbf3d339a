// Backslashes in masks of 64 bytes.
#pragma once

#include <cstdint>

namespace omni::json {

// The bytes that a backslash before them escapes, and whether the next one behind them is: 0 or 1.
struct Escaped {
  uint64_t bytes, carry;
};

// Where several stand in a row: rows that begin at even places are told from those at odd ones by
// the carry of an addition. `before`: that of the bytes before.
__attribute__((noinline)) inline Escaped escaped_in_rows(uint64_t backslashes, uint64_t before) {
  const uint64_t unescaped = backslashes & ~before;
  const uint64_t follows = (unescaped << 1) | before;
  constexpr uint64_t kEven = 0x5555555555555555;
  const uint64_t odd_starts = unescaped & ~kEven & ~follows;
  uint64_t even_rows;
  const bool carry = __builtin_add_overflow(odd_starts, unescaped, &even_rows);
  return {(kEven ^ (even_rows << 1)) & follows, carry};
}

// The same for all bytes. One alone, as most are, needs no addition, and what is carried on does
// not wait for what was carried here: half of the time of a text that is full of escapes.
__attribute__((always_inline)) inline Escaped escaped_bytes(uint64_t backslashes, uint64_t before) {
  const uint64_t follows = (backslashes << 1) | before;
  if ((backslashes & follows) != 0) return escaped_in_rows(backslashes, before);
  return {follows, backslashes >> 63};
}

}  // namespace omni::json
