// The end of a nested JSON value, found the obvious way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace omni::test {

// What json::nested_size() must say of a text without stray backslashes.
inline size_t slow_nested_size(std::string_view text) {
  int64_t depth = 0;
  bool in_string = false;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return at + 1;
    }
  }
  return 0;
}

}  // namespace omni::test
