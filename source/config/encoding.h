// What a file's bytes must be before a YAML parser may see them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace omni {

struct EncodingError {
  size_t offset = 0;
  std::string message;
};

// UTF-8 (RFC 3629) without control characters other than tab and line ends; none when it is so.
std::optional<EncodingError> check_encoding(std::string_view text);

// From byte offsets to lines and columns counted in characters, as editors count them.
class TextPlaces {
 public:
  explicit TextPlaces(std::string_view text);
  struct Place {
    int line = 1;
    int column = 1;
  };
  Place at(size_t offset) const;

 private:
  std::vector<size_t> line_starts_;
  std::vector<size_t> continuations_;  // Offsets of bytes that continue a character.
  size_t size_;
};

}  // namespace omni
