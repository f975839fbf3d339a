#include "source/json/pen.h"

#include <array>
#include <string>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "source/json/writer.h"

namespace omni::json {
namespace {

// "00" to "99".
constexpr std::array<char, 200> make_pairs() {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}
constexpr std::array<char, 200> kPairs = make_pairs();

void put_pair(char* at, uint64_t value) { std::memcpy(at, &kPairs[2 * value], 2); }

constexpr uint64_t kZeros = 0x3030303030303030;

// The eight decimal digits of `value`, each in a byte, the first in the lowest: halves, pairs and
// digits are divided side by side, by multiplications that are exact in these ranges.
uint64_t eight_digits(uint32_t value) {
  const uint64_t halves = value / 10000 | uint64_t{value % 10000} << 32;
  const uint64_t hundreds = ((halves * 10486) >> 20) & 0x0000007F0000007F;
  const uint64_t pairs = hundreds + ((halves - 100 * hundreds) << 16);
  const uint64_t tens = ((pairs * 103) >> 10) & 0x000F000F000F000F;
  return tens + ((pairs - 10 * tens) << 8);
}

// Lowest byte first, on any machine.
void put_eight(char* at, uint64_t bytes) {
  at[0] = static_cast<char>(bytes);
  at[1] = static_cast<char>(bytes >> 8);
  at[2] = static_cast<char>(bytes >> 16);
  at[3] = static_cast<char>(bytes >> 24);
  at[4] = static_cast<char>(bytes >> 32);
  at[5] = static_cast<char>(bytes >> 40);
  at[6] = static_cast<char>(bytes >> 48);
  at[7] = static_cast<char>(bytes >> 56);
}

size_t digits_of(uint64_t value) {
  size_t digits = 1;
  while (value >= 10000) {
    value /= 10000;
    digits += 4;
  }
  return digits + (value >= 10 ? 1 : 0) + (value >= 100 ? 1 : 0) + (value >= 1000 ? 1 : 0);
}

#if defined(__SSE2__)
// Every byte stands for itself inside a string: printable ASCII but quote and backslash.
inline bool is_plain(__m128i bytes) {
  // Compared as signed numbers, so that bytes of 0x80 and more are below the blank.
  const __m128i printable = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(0x1F));
  const __m128i special = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                                    _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))),
                                       _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F)));
  return _mm_movemask_epi8(_mm_andnot_si128(special, printable)) == 0xFFFF;
}

inline __m128i load16(const char* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}
inline void store16(char* at, __m128i bytes) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(at), bytes);
}
// 8 bytes at `first` and 8 at `second`, which may overlap.
inline __m128i load8_twice(const char* first, const char* second) {
  return _mm_unpacklo_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(first)),
                            _mm_loadl_epi64(reinterpret_cast<const __m128i*>(second)));
}
inline __m128i load4_twice(const char* first, const char* second) {
  int32_t a, b;
  std::memcpy(&a, first, sizeof a);
  std::memcpy(&b, second, sizeof b);
  return _mm_set_epi32(a, b, a, b);
}
#endif

bool is_plain_byte(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\';
}

}  // namespace

void Pen::six_digits(uint32_t value) {
  put_pair(at_, value / 10000);
  put_pair(at_ + 2, value / 100 % 100);
  put_pair(at_ + 4, value % 100);
  at_ += 6;
}

void Pen::long_number(int64_t value) {
  auto rest = static_cast<uint64_t>(value);
  if (value < 0) {
    put('-');
    rest = 0 - rest;
  }
  if (rest > 0 && rest < 100000000) {
    // Leading zeros are the lowest bytes.
    const uint64_t digits = eight_digits(static_cast<uint32_t>(rest));
    const int zeros = __builtin_ctzll(digits) / 8;
    put_eight(at_, (digits + kZeros) >> (8 * zeros));
    at_ += 8 - zeros;
    return;
  }
  char* end = at_ + digits_of(rest);
  char* at = end;
  for (; rest >= 100; rest /= 100) put_pair(at -= 2, rest % 100);
  if (rest >= 10) {
    put_pair(at - 2, rest);
  } else {
    at[-1] = static_cast<char>('0' + rest);
  }
  at_ = end;
}

bool Pen::plain(std::string_view text) {
  const char* from = text.data();
  const size_t size = text.size();
#if defined(__SSE2__)
  if (size >= 16) {
    for (size_t at = 0; at + 16 <= size; at += 16) {
      const __m128i bytes = load16(from + at);
      if (!is_plain(bytes)) return false;
      store16(at_ + at, bytes);
    }
    const __m128i last = load16(from + size - 16);
    if (!is_plain(last)) return false;
    store16(at_ + size - 16, last);
    at_ += size;
    return true;
  }
  if (size >= 8) {
    const __m128i bytes = load8_twice(from, from + size - 8);
    if (!is_plain(bytes)) return false;
    _mm_storel_epi64(reinterpret_cast<__m128i*>(at_), bytes);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(at_ + size - 8), _mm_srli_si128(bytes, 8));
    at_ += size;
    return true;
  }
  if (size >= 4) {
    if (!is_plain(load4_twice(from, from + size - 4))) return false;
    int32_t last;
    std::memcpy(&last, from + size - 4, sizeof last);
    std::memcpy(at_, from, sizeof last);
    std::memcpy(at_ + size - 4, &last, sizeof last);
    at_ += size;
    return true;
  }
#endif
  for (size_t at = 0; at < size; ++at) {
    if (!is_plain_byte(from[at])) return false;
    at_[at] = from[at];
  }
  at_ += size;
  return true;
}

void Pen::escaped(std::string_view text) {
  std::string whole;
  append_quoted(whole, text);
  put(std::string_view(whole).substr(1, whole.size() - 2));
}

}  // namespace omni::json
