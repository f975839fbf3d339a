// Where the tokens of a JSON text begin, 64 bytes at a time: bit i of a run stands for its byte i
// (the technique of Langdale and Lemire, "Parsing Gigabytes of JSON per Second", section 3.1).
#pragma once

#include <absl/types/span.h>

#include <cstddef>
#include <cstdint>

namespace omni::json {

struct TokenRun {
  // Brackets, colons and commas outside of strings, opening quotes, and the first bytes of whatever
  // else stands there.
  uint64_t tokens;
  // Control characters in strings, and what stands behind a backslash there and must not.
  uint64_t faults;
};

// What is carried from one run to the next, as masks and bits.
struct TokenCarry {
  uint64_t in_string = 0;  // All bits, or none.
  uint64_t escaped = 0;    // 1: the next byte is.
  uint64_t in_scalar = 0;  // 1: the last byte was part of a word or number.
};

// Reads `runs` times 64 bytes, 64 times at most, and tells by bits which of the runs hold
// something: only those of `out` are written. Most of a long text are not. Escapes are read up to
// `end`.
using TokenScan = uint64_t (*)(const char* text, size_t runs, const char* end, TokenCarry& carry,
                               TokenRun* out);
// Those that this processor can do, the best first; none when a text had better be read byte by
// byte.
absl::Span<const TokenScan> token_scans();

}  // namespace omni::json
