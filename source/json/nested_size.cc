// Finding the end of a nested value. The fast form works on masks of 64 bytes: quotes and escapes
// give the bytes inside strings, and brackets outside of them move the depth (the technique of
// Langdale and Lemire, "Parsing Gigabytes of JSON per Second", section 3.1).
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "source/json/escape_bits.h"
#include "source/json/skim.h"

namespace omni::json {
namespace {

// What is carried from one run of bytes to the next.
struct Carry {
  bool in_string = false;
  bool escaped = false;  // The next byte is.
  int quiet_runs = 0;  // How many runs of 64 bytes in a row were inside of one string, all of them.
  int64_t depth = 0;
};

// The index behind the byte that closes the outermost bracket, or npos.
size_t scan_bytes(const char* text, size_t size, Carry& carry) {
  for (size_t at = 0; at < size; ++at) {
    const char c = text[at];
    if (c == '\\') {
      carry.escaped = !carry.escaped;
      continue;
    }
    // Only in a string does a backslash mean anything; elsewhere it is an error, and not ours to
    // report.
    const bool was_escaped = carry.escaped;
    carry.escaped = false;
    if (c == '"' && !was_escaped) {
      carry.in_string = !carry.in_string;
    } else if (carry.in_string) {
      continue;
    } else if (c == '{' || c == '[') {
      ++carry.depth;
    } else if (c == '}' || c == ']') {
      if (--carry.depth == 0) return at + 1;
    }
  }
  return std::string_view::npos;
}

#if defined(__x86_64__)

// After so many the string may be a long one, and is worth a search for its end. Each search costs
// a branch that nobody can foresee: in texts with a quote or two in each line it would be the
// dearest part of it all.
constexpr int kQuietRuns = 4;

// From `at`, which is in a string, to the next quote; null when there is none. Bytes before `at`,
// back to the opening quote, are looked at.
const char* next_quote(const char* at, const char* end, bool& escaped) {
  const char* quote = static_cast<const char*>(std::memchr(at, '"', static_cast<size_t>(end - at)));
  if (quote == nullptr) return nullptr;
  const char* slashes = quote;
  while (slashes[-1] == '\\') --slashes;
  escaped = (quote - slashes) % 2 != 0;
  return quote;
}

// 64 bytes, and masks of those that equal something.
struct Run {
  __m256i low, high;
};

__attribute__((target("avx2"))) inline Run load(const char* text) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(text)),
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + 32))};
}

__attribute__((target("avx2"))) inline uint64_t equal(const Run& run, char c) {
  const __m256i wanted = _mm256_set1_epi8(c);
  const auto low = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(run.low, wanted)));
  const auto high =
      static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(run.high, wanted)));
  return low | (uint64_t{high} << 32);
}

// '[' and '{', ']' and '}' differ in this one bit.
__attribute__((target("avx2"))) inline Run folded(const Run& run) {
  const __m256i bit = _mm256_set1_epi8(0x20);
  return {_mm256_or_si256(run.low, bit), _mm256_or_si256(run.high, bit)};
}

// Bit i is the parity of bits 0..i: from quotes to the runs between them.
__attribute__((target("avx2,pclmul"))) inline uint64_t running_parity(uint64_t bits) {
  const __m128i product =
      _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<int64_t>(bits)), _mm_set1_epi8('\xFF'), 0);
  return static_cast<uint64_t>(_mm_cvtsi128_si64(product));
}

// The index behind the bracket that brings the depth to zero; 64 when none of these does. Only a
// closing one can, and then as many have closed as were open or opened before it.
__attribute__((target("popcnt"))) inline int find_end(uint64_t opens, uint64_t closes,
                                                      int64_t& depth) {
  for (uint64_t rest = closes; rest != 0; rest &= rest - 1) {
    const uint64_t up_to_here = rest ^ (rest - 1);
    depth -= 1;
    if (depth + __builtin_popcountll(opens & up_to_here) == 0) {
      depth = 0;
      return __builtin_ctzll(rest) + 1;
    }
  }
  depth += __builtin_popcountll(opens);
  return 64;
}

// One run of 64 bytes without its first `shift`; the index behind the end in what is left, or 64.
__attribute__((target("avx2,pclmul,popcnt"))) inline __attribute__((always_inline)) int scan_run(
    const char* text, int shift, Carry& carry) {
  const Run run = load(text);
  const uint64_t quotes = equal(run, '"') >> shift, backslashes = equal(run, '\\') >> shift;
  uint64_t unescaped = quotes;
  if (backslashes != 0 || carry.escaped) {
    const Escaped escaped = escaped_bytes(backslashes, carry.escaped ? 1 : 0);
    unescaped &= ~escaped.bytes;
    carry.escaped = escaped.carry != 0;
  }
  uint64_t inside = running_parity(unescaped);
  if (carry.in_string) inside = ~inside;
  carry.in_string = (inside >> 63) != 0;
  carry.quiet_runs = carry.in_string && quotes == 0 ? carry.quiet_runs + 1 : 0;
  if (inside == ~uint64_t{0}) return 64;  // No bracket counts.
  const Run brackets = folded(run);
  const uint64_t opens = (equal(brackets, '{') >> shift) & ~inside;
  const uint64_t closes = (equal(brackets, '}') >> shift) & ~inside;
  const int closing = __builtin_popcountll(closes);
  if (closing >= carry.depth) return find_end(opens, closes, carry.depth);
  carry.depth += __builtin_popcountll(opens) - closing;
  return 64;
}

// The last run, which is not whole. Apart, so that its buffer burdens no other run.
__attribute__((target("avx2,pclmul,popcnt"), noinline)) int scan_rest(const char* text, size_t size,
                                                                      const Readable& readable,
                                                                      Carry& carry) {
  if (readable.end - readable.begin >= 64)
    return scan_run(readable.end - 64, 64 - static_cast<int>(size), carry);
  char rest[64];
  std::memset(rest, ' ', sizeof rest);
  std::memcpy(rest, text, size);
  return scan_run(rest, 0, carry);
}

__attribute__((target("avx2,pclmul,popcnt"))) size_t scan_fast(std::string_view text,
                                                               const Readable& readable) {
  Carry carry;  // Local, so that it lives in registers.
  const auto all = static_cast<size_t>(readable.end - text.data());
  size_t at = 0;
  while (at + 64 <= all && at < text.size()) {
    const int end = scan_run(text.data() + at, 0, carry);
    if (carry.depth == 0) return at + static_cast<size_t>(end);
    at += 64;
    if (carry.quiet_runs < kQuietRuns) continue;
    if (at >= text.size()) return std::string_view::npos;  // What follows is another's.
    const char* quote = next_quote(text.data() + at, text.data() + text.size(), carry.escaped);
    if (quote == nullptr) return std::string_view::npos;
    at = static_cast<size_t>(quote - text.data());
    carry.quiet_runs = 0;
  }
  if (at >= text.size()) return std::string_view::npos;
  Carry last = carry;
  const int end = scan_rest(text.data() + at, all - at, readable, last);
  return last.depth == 0 ? at + static_cast<size_t>(end) : std::string_view::npos;
}

const bool kCpuIsFast = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
                        __builtin_cpu_supports("popcnt");

#endif

}  // namespace

size_t nested_size(std::string_view text, [[maybe_unused]] const Readable& readable) {
  size_t end = std::string_view::npos;
#if defined(__x86_64__)
  if (kCpuIsFast) {
    end = scan_fast(text, readable);
    return end <= text.size() ? end : 0;
  }
#endif
  Carry carry;
  end = scan_bytes(text.data(), text.size(), carry);
  return end <= text.size() ? end : 0;
}

size_t nested_size(std::string_view text) {
  return nested_size(text, {text.data(), text.data() + text.size()});
}

}  // namespace omni::json
