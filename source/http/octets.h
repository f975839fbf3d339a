// Looking at text sixteen bytes at a time with SSE2, which every x86-64 has, and byte by byte on
// other machines and where fewer are left. What a class of bytes is for is said in vocabulary.h.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace omni {

// RFC 9110 section 5.6.2: the byte of a token in lower case, 0 for any other byte.
constexpr std::array<char, 256> make_lower_token_table() {
  std::array<char, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = static_cast<char>(c);
  for (int c = 'a'; c <= 'z'; ++c) {
    table[static_cast<size_t>(c)] = static_cast<char>(c);
    table[static_cast<size_t>(c - 32)] = static_cast<char>(c);
  }
  for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'})
    table[static_cast<uint8_t>(c)] = c;
  return table;
}
inline constexpr std::array<char, 256> kLowerToken = make_lower_token_table();

constexpr bool is_control(char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; }
constexpr bool is_target_octet(char c) { return c > 0x20 && c < 0x7f && c != '#'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

#if defined(__SSE2__)

// Sixteen bytes. Tests answer with a mask of bytes that are 0xff or 0.
class Octets {
 public:
  static constexpr size_t kSize = 16;

  explicit Octets(const char* at) : bytes_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))) {}
  void store(char* at) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(at), bytes_); }

  // Bit i is that of byte i.
  static uint32_t bits(__m128i mask) { return static_cast<uint32_t>(_mm_movemask_epi8(mask)); }

  __m128i equal(char c) const { return _mm_cmpeq_epi8(bytes_, _mm_set1_epi8(c)); }
  // From `first`, `count` of them. SSE2 compares signed bytes, so the first is moved to -128.
  __m128i within(uint8_t first, uint8_t count) const {
    const __m128i moved = _mm_add_epi8(bytes_, _mm_set1_epi8(static_cast<char>(0x80 - first)));
    return _mm_cmplt_epi8(moved, _mm_set1_epi8(static_cast<char>(0x80 + count)));
  }
  __m128i at_most(uint8_t last) const {
    const __m128i bound = _mm_set1_epi8(static_cast<char>(last));
    return _mm_cmpeq_epi8(_mm_min_epu8(bytes_, bound), bytes_);
  }
  __m128i is_control() const { return _mm_or_si128(at_most(0x1f), equal(0x7f)); }
  // What names are made of nearly always: letters, digits and '-'.
  __m128i is_plain_name() const {
    const __m128i letters = folded().within('a', 26);
    return _mm_or_si128(_mm_or_si128(letters, within('0', 10)), equal('-'));
  }
  // Those in lower case. Other bytes change.
  Octets folded() const { return Octets(_mm_or_si128(bytes_, _mm_set1_epi8(0x20))); }

 private:
  explicit Octets(__m128i bytes) : bytes_(bytes) {}

  __m128i bytes_;
};

#endif

// The first control character but HT in [at, end), else `end`.
inline const char* find_control(const char* at, const char* end) {
#if defined(__SSE2__)
  for (; end - at >= static_cast<ptrdiff_t>(Octets::kSize); at += Octets::kSize) {
    const Octets octets(at);
    const uint32_t found = Octets::bits(_mm_andnot_si128(octets.equal('\t'), octets.is_control()));
    if (found != 0) return at + __builtin_ctz(found);
  }
#endif
  while (at < end && (!is_control(*at) || *at == '\t')) ++at;
  return at;
}

// The same, and copies what stands before it to `out`, which has room for end - at bytes.
inline const char* copy_to_control(const char* at, const char* end, char* out) {
#if defined(__SSE2__)
  for (; end - at >= static_cast<ptrdiff_t>(Octets::kSize);
       at += Octets::kSize, out += Octets::kSize) {
    const Octets octets(at);
    octets.store(out);
    const uint32_t found = Octets::bits(octets.is_control());
    if (found == 0) continue;
    const int before = __builtin_ctz(found);
    at += before;
    out += before;
    if (*at != '\t') return at;
    break;
  }
#endif
  while (at < end && (!is_control(*at) || *at == '\t')) *out++ = *at++;
  return at;
}

// The first byte in [at, end) that cannot stand in a request target, else `end`: those that can are
// visible ASCII without '#'.
inline const char* find_target_end(const char* at, const char* end) {
#if defined(__SSE2__)
  for (; end - at >= static_cast<ptrdiff_t>(Octets::kSize); at += Octets::kSize) {
    const Octets octets(at);
    const uint32_t good =
        Octets::bits(_mm_andnot_si128(octets.equal('#'), octets.within(0x21, 0x5e)));
    if (good != 0xffff) return at + __builtin_ctz(~good);
  }
#endif
  while (at < end && is_target_octet(*at)) ++at;
  return at;
}

// Writes the token that [at, end) begins with to `out`, in lower case, and returns its size. `out`
// has room for end - at bytes.
inline size_t lower_token(const char* at, const char* end, char* out) {
  const char* const begin = at;
#if defined(__SSE2__)
  for (; end - at >= static_cast<ptrdiff_t>(Octets::kSize); at += Octets::kSize) {
    const Octets octets(at);
    octets.folded().store(out + (at - begin));
    const uint32_t plain = Octets::bits(octets.is_plain_name());
    if (plain == 0xffff) continue;
    at += __builtin_ctz(~plain);
    if (*at == ':') return static_cast<size_t>(at - begin);
    break;
  }
#endif
  for (; at < end; ++at) {
    const char c = kLowerToken[static_cast<uint8_t>(*at)];
    if (c == 0) break;
    out[at - begin] = c;
  }
  return static_cast<size_t>(at - begin);
}

// True when `text` is made of letters, digits, '-', '_' and '/', with no two '/' side by side.
// False says nothing.
inline bool is_surely_path(std::string_view text) {
#if defined(__SSE2__)
  if (text.size() >= Octets::kSize) {
    // Runs share a byte, so that each pair of neighbours stands in one of them.
    const size_t last = text.size() - Octets::kSize;
    for (size_t at = 0;; at = std::min(at + Octets::kSize - 1, last)) {
      const Octets octets(text.data() + at);
      const uint32_t slashes = Octets::bits(octets.equal('/'));
      const uint32_t plain = Octets::bits(octets.is_plain_name());
      if ((slashes | plain) != 0xffff || (slashes & (slashes >> 1)) != 0) return false;
      if (at == last) return true;
    }
  }
#endif
  char before = 0;
  for (const char c : text) {
    const bool is_plain = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          c == '-' || (c == '/' && before != '/');
    if (!is_plain) return false;
    before = c;
  }
  return true;
}

// The next two copy `text`, behind which sixteen bytes may be read, to `out`, behind which as many
// may be written.

// True when it is made of letters, digits and '-'. False says nothing.
inline bool copy_plain_token(std::string_view text, char* out) {
#if defined(__SSE2__)
  for (size_t at = 0; at < text.size(); at += Octets::kSize) {
    const Octets octets(text.data() + at);
    octets.store(out + at);
    const uint32_t odd = ~Octets::bits(octets.is_plain_name());
    const size_t plain = at + static_cast<size_t>(__builtin_ctz(odd));
    if (plain >= text.size()) return true;
    if (plain < at + Octets::kSize) break;
  }
  std::char_traits<char>::copy(out, text.data(), text.size());
  return false;
#else
  std::char_traits<char>::copy(out, text.data(), text.size());
  return false;
#endif
}

// True when it holds no control character. False says nothing: HT is allowed in a value.
inline bool copy_plain_value(std::string_view text, char* out) {
#if defined(__SSE2__)
  const size_t rest = text.size() % Octets::kSize;
  const size_t whole = text.size() - rest;
  __m128i odd = _mm_setzero_si128();
  for (size_t at = 0; at < whole; at += Octets::kSize) {
    const Octets octets(text.data() + at);
    octets.store(out + at);
    odd = _mm_or_si128(odd, octets.is_control());
  }
  const Octets last(text.data() + whole);
  last.store(out + whole);
  const uint32_t in_last = Octets::bits(last.is_control()) & ((1u << rest) - 1);
  return (Octets::bits(odd) | in_last) == 0;
#else
  std::char_traits<char>::copy(out, text.data(), text.size());
  return false;
#endif
}

}  // namespace omni
