// What stands inside a JSON string, and how a JSON number is written (RFC 8259 sections 6 and 7).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace omni::json {

// Strings must not hold these as they are.
bool has_control(std::string_view text);

// Whether half of a surrogate pair is a fault, or U+FFFD: what is written in UTF-16 may be cut in
// the middle of one.
enum class Surrogates { kInPairs, kAny };

// Sets `out` to `inside`, a string without its quotes, with its escapes resolved. False for a
// broken escape.
bool unescape(std::string_view inside, std::string& out,
              Surrogates surrogates = Surrogates::kInPairs);

inline constexpr std::array<bool, 256> kScalarEnds = [] {
  std::array<bool, 256> ends{};
  for (const char c : {' ', '\n', '\r', '\t', ',', '}', ']', ':', '"', '{', '['})
    ends[static_cast<uint8_t>(c)] = true;
  return ends;
}();
// Whether a word or a number is over where `c` stands.
inline bool ends_scalar(char c) { return kScalarEnds[static_cast<uint8_t>(c)]; }

// Behind the longest number that [at, end) begins with; null when it begins with none, also when
// what follows `.` or `e` breaks one off.
inline const char* number_end(const char* at, const char* end) {
  const auto digits = [&] {
    const char* from = at;
    while (at != end && *at >= '0' && *at <= '9') ++at;
    return at - from;
  };
  if (at != end && *at == '-') ++at;
  const char* first = at;
  const auto whole = digits();
  if (whole == 0 || (whole > 1 && *first == '0')) return nullptr;
  if (at != end && *at == '.') {
    ++at;
    if (digits() == 0) return nullptr;
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '+' || *at == '-')) ++at;
    if (digits() == 0) return nullptr;
  }
  return at;
}

// The same for `true`, `false`, `null` and numbers.
inline const char* scalar_end(const char* at, const char* end) {
  const std::string_view rest(at, static_cast<size_t>(end - at));
  const auto behind = [&](std::string_view word) {
    return rest.starts_with(word) ? at + word.size() : nullptr;
  };
  if (rest.empty()) return nullptr;
  switch (rest.front()) {
    case 't':
      return behind("true");
    case 'f':
      return behind("false");
    case 'n':
      return behind("null");
    default:
      return number_end(at, end);
  }
}

}  // namespace omni::json
