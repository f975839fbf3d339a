// Strings at Abseil's edge and small text verbs. The distribution's Abseil has a string_view of its
// own, so std::string_view crosses into it through the functions here and nowhere else.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/stable_hash.h"

namespace omni {

// Hash and equality that take std::string_view, so that a look-up makes no std::string.
struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return stable_hash(text); }
};
struct TextEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a == b; }
};

template <class Value>
using StringMap = absl::flat_hash_map<std::string, Value, TextHash, TextEqual>;
using StringSet = absl::flat_hash_set<std::string, TextHash, TextEqual>;

// ASCII only; bytes outside A-Z are returned as they are.
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
std::string lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);

// Without leading and trailing spaces, tabs, CR and LF. A view of `text`.
std::string_view trim(std::string_view text);
// Pieces between `separator`, empty ones included. Views of `text`.
std::vector<std::string_view> split(std::string_view text, char separator);

// The whole of `text` as a decimal number; nullopt for anything else, overflow included.
std::optional<int64_t> parse_int(std::string_view text);

// `*` matches any run of characters, every other character itself. Linear in text x pattern.
bool matches_glob(std::string_view text, std::string_view pattern);

// The candidates nearest to `word` by edit distance, best first, at most `limit`, for "did you
// mean".
std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates,
                                 size_t limit = 1);

// The value of a hexadecimal digit; -1 for anything else.
int hex_value(char c);
// Resolves percent-encoding; broken sequences stay as they are. Never call it on more than one
// segment of a path, or one value of a query.
std::string percent_decoded(std::string_view text);
// The first value of `name` in the query of a request target, percent-decoded; nullopt when it is
// not there. Empty when it has none.
std::optional<std::string> query_value(std::string_view target, std::string_view name);
// A path as it may stand in a target: what RFC 3986 section 3.3 does not allow there is encoded,
// '/' stays.
std::string percent_encoded(std::string_view path);

// Characters (code points) of UTF-8 text.
size_t length_of(std::string_view text);

// Lower-case hexadecimal.
std::string to_hex(std::string_view bytes);

}  // namespace omni
