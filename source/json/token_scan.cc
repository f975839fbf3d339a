#include "source/json/token_scan.h"

#include "source/json/escape_bits.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace omni::json {

#if defined(__x86_64__)
namespace {

#define OMNI_INLINE inline __attribute__((always_inline))
#define OMNI_AVX2 __attribute__((target("avx2,bmi")))
// BMI: without it, compilers go through mask registers for what is one instruction.
#define OMNI_AVX512 __attribute__((target("avx512f,avx512bw,bmi")))

// Of 64 bytes, those that are something wherever they stand.
struct Masks {
  uint64_t quotes, backslashes;
  uint64_t faults;  // If they are in a string: control characters at first.
};
// And outside of strings.
struct OuterMasks {
  uint64_t blanks, marks;  // Marks: brackets, colons, commas.
};

// Bit i is the parity of bits 0..i: from quotes to the runs between them.
OMNI_INLINE uint64_t parity_so_far(uint64_t bits) {
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  return bits ^ (bits << 32);
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Those of `places` where no `u` stands with four hexadecimal digits behind it.
__attribute__((noinline)) uint64_t no_units(uint64_t places, const char* text, const char* end) {
  uint64_t out = 0;
  for (; places != 0; places &= places - 1) {
    const char* at = text + __builtin_ctzll(places);
    const bool is_unit = *at == 'u' && end - at > 4 && is_hex(at[1]) && is_hex(at[2]) &&
                         is_hex(at[3]) && is_hex(at[4]);
    if (!is_unit) out |= places & -places;
  }
  return out;
}

// Takes those that are escaped from the quotes, and adds to the faults what may not stand behind a
// backslash. `simple`: what may, but for `u`.
OMNI_INLINE void take_escapes(Masks& masks, uint64_t simple, const char* text, const char* end,
                              TokenCarry& carry) {
  const Escaped escaped = escaped_bytes(masks.backslashes, carry.escaped);
  carry.escaped = escaped.carry;
  masks.quotes &= ~escaped.bytes;
  const uint64_t others = escaped.bytes & ~simple;
  if (others != 0) masks.faults |= no_units(others, text, end);
}

OMNI_INLINE TokenRun find_tokens(const Masks& masks, const OuterMasks& outer, TokenCarry& carry) {
  // Opening quotes are inside, closing ones are not.
  const uint64_t inside = parity_so_far(masks.quotes) ^ carry.in_string;
  carry.in_string = static_cast<uint64_t>(static_cast<int64_t>(inside) >> 63);
  const uint64_t outside = ~(inside | masks.quotes);
  const uint64_t scalars = outside & ~(outer.blanks | outer.marks);
  const uint64_t starts = scalars & ~((scalars << 1) | carry.in_scalar);
  carry.in_scalar = scalars >> 63;
  return {(outer.marks & outside) | (masks.quotes & inside) | starts, masks.faults & inside};
}

// Bytes are told by their halves: each class has a bit, and a byte is of a class when both its
// halves have it. The tables are those of RFC 8259: blanks (section 2), and what may stand behind a
// backslash (section 7) but for `u`.
using Table = const char[16];
constexpr Table kBlankLow = {1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0, 0, 2, 0, 0};
constexpr Table kBlankHigh = {2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
constexpr Table kSimpleLow = {0, 0, 13, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1};
constexpr Table kSimpleHigh = {0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0};

// A compiler that goes on in mask registers pays three cycles for each step, and each run waits for
// the one before.
OMNI_INLINE uint64_t general(uint64_t bits) {
  __asm__("" : "+r"(bits));
  return bits;
}

OMNI_AVX512 OMNI_INLINE __m512i table_512(const Table& table) {
  return _mm512_maskz_broadcast_i32x4(0xFFFF,
                                      _mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
}

OMNI_AVX512 OMNI_INLINE uint64_t of_class_512(__m512i bytes, __m512i low, __m512i high) {
  const __m512i half = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), _mm512_set1_epi8(0x0F));
  return general(
      _mm512_test_epi8_mask(_mm512_shuffle_epi8(low, bytes), _mm512_shuffle_epi8(high, half)));
}

OMNI_AVX512 OMNI_INLINE uint64_t equal_512(__m512i bytes, char c) {
  return general(_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c)));
}

OMNI_AVX512 uint64_t scan_512(const char* text, size_t runs, const char* end, TokenCarry& carried,
                              TokenRun* out) {
  TokenCarry carry = carried;  // In registers.
  uint64_t found = 0;
  const __m512i blank_low = table_512(kBlankLow), blank_high = table_512(kBlankHigh);
  const __m512i simple_low = table_512(kSimpleLow), simple_high = table_512(kSimpleHigh);
  for (size_t i = 0; i < runs; ++i, text += 64) {
    const __m512i bytes = _mm512_loadu_si512(text);
    Masks masks{equal_512(bytes, '"'), equal_512(bytes, '\\'),
                general(_mm512_cmple_epu8_mask(bytes, _mm512_set1_epi8(0x1F)))};
    if ((masks.quotes | masks.backslashes | masks.faults | carry.escaped | ~carry.in_string) == 0)
      continue;
    if ((masks.backslashes | carry.escaped) != 0)
      take_escapes(masks, of_class_512(bytes, simple_low, simple_high), text, end, carry);
    if ((masks.quotes | masks.faults | ~carry.in_string) == 0) continue;
    found |= uint64_t{1} << i;
    // '[' and '{', ']' and '}' differ in this one bit.
    const __m512i folded = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
    const OuterMasks outer{of_class_512(bytes, blank_low, blank_high),
                           equal_512(folded, '{') | equal_512(folded, '}') | equal_512(bytes, ',') |
                               equal_512(bytes, ':')};
    out[i] = find_tokens(masks, outer, carry);
  }
  carried = carry;
  return found;
}

struct Run256 {
  __m256i low, high;
};

OMNI_AVX2 OMNI_INLINE uint64_t mask_256(__m256i low, __m256i high) {
  return static_cast<uint32_t>(_mm256_movemask_epi8(low)) |
         (uint64_t{static_cast<uint32_t>(_mm256_movemask_epi8(high))} << 32);
}

OMNI_AVX2 OMNI_INLINE uint64_t equal_256(const Run256& run, char c) {
  const __m256i wanted = _mm256_set1_epi8(c);
  return mask_256(_mm256_cmpeq_epi8(run.low, wanted), _mm256_cmpeq_epi8(run.high, wanted));
}

OMNI_AVX2 OMNI_INLINE uint64_t controls_256(const Run256& run) {
  const __m256i last = _mm256_set1_epi8(0x1F);
  return mask_256(_mm256_cmpeq_epi8(_mm256_min_epu8(run.low, last), run.low),
                  _mm256_cmpeq_epi8(_mm256_min_epu8(run.high, last), run.high));
}

OMNI_AVX2 OMNI_INLINE __m256i table_256(const Table& table) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
}

OMNI_AVX2 OMNI_INLINE __m256i none_of_class_256(__m256i bytes, __m256i low, __m256i high) {
  const __m256i half = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
  return _mm256_cmpeq_epi8(
      _mm256_and_si256(_mm256_shuffle_epi8(low, bytes), _mm256_shuffle_epi8(high, half)),
      _mm256_setzero_si256());
}

OMNI_AVX2 OMNI_INLINE uint64_t of_class_256(const Run256& run, __m256i low, __m256i high) {
  return ~mask_256(none_of_class_256(run.low, low, high), none_of_class_256(run.high, low, high));
}

OMNI_AVX2 uint64_t scan_256(const char* text, size_t runs, const char* end, TokenCarry& carried,
                            TokenRun* out) {
  TokenCarry carry = carried;
  uint64_t found = 0;
  const __m256i blank_low = table_256(kBlankLow), blank_high = table_256(kBlankHigh);
  const __m256i simple_low = table_256(kSimpleLow), simple_high = table_256(kSimpleHigh);
  for (size_t i = 0; i < runs; ++i, text += 64) {
    const Run256 run{_mm256_loadu_si256(reinterpret_cast<const __m256i*>(text)),
                     _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + 32))};
    Masks masks{equal_256(run, '"'), equal_256(run, '\\'), controls_256(run)};
    if ((masks.quotes | masks.backslashes | masks.faults | carry.escaped | ~carry.in_string) == 0)
      continue;
    if ((masks.backslashes | carry.escaped) != 0)
      take_escapes(masks, of_class_256(run, simple_low, simple_high), text, end, carry);
    if ((masks.quotes | masks.faults | ~carry.in_string) == 0) continue;
    found |= uint64_t{1} << i;
    const __m256i bit = _mm256_set1_epi8(0x20);
    const Run256 folded{_mm256_or_si256(run.low, bit), _mm256_or_si256(run.high, bit)};
    const OuterMasks outer{of_class_256(run, blank_low, blank_high),
                           equal_256(folded, '{') | equal_256(folded, '}') | equal_256(run, ',') |
                               equal_256(run, ':')};
    out[i] = find_tokens(masks, outer, carry);
  }
  carried = carry;
  return found;
}

}  // namespace

absl::Span<const TokenScan> token_scans() {
  static constexpr TokenScan all[] = {scan_512, scan_256};
  const bool has_bmi = __builtin_cpu_supports("bmi");
  const bool has_512 = has_bmi && __builtin_cpu_supports("avx512bw");
  const bool has_256 = has_bmi && __builtin_cpu_supports("avx2");
  return absl::MakeSpan(all).subspan(has_512 ? 0 : has_256 ? 1 : 2);
}

#else

absl::Span<const TokenScan> token_scans() { return {}; }

#endif

}  // namespace omni::json
