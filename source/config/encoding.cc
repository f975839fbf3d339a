#include "source/config/encoding.h"

#include <algorithm>
#include <cstdint>

namespace omni {
namespace {

// Length of the well-formed character that begins `text`, or 0 (Unicode 15, table 3-7).
size_t character_length(std::string_view text) {
  const auto byte = [&](size_t i) -> uint8_t {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : 0;
  };
  const auto continues = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (!continues(1) || !continues(2)) return 0;
    if (first == 0xe0 && byte(1) < 0xa0) return 0;
    if (first == 0xed && byte(1) > 0x9f) return 0;  // Surrogates.
    return 3;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (first == 0xf0 && byte(1) < 0x90) return 0;
    if (first == 0xf4 && byte(1) > 0x8f) return 0;  // Beyond U+10FFFF.
    return 4;
  }
  return 0;
}

}  // namespace

std::optional<EncodingError> check_encoding(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f)
      return EncodingError{i, "the file holds a control character"};
    const size_t length = character_length(text.substr(i));
    if (length == 0) return EncodingError{i, "the file is not valid UTF-8"};
    i += length;
  }
  return std::nullopt;
}

TextPlaces::TextPlaces(std::string_view text) : line_starts_{0}, size_(text.size()) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') line_starts_.push_back(i + 1);
    if ((static_cast<uint8_t>(text[i]) & 0xc0) == 0x80) continuations_.push_back(i);
  }
}

TextPlaces::Place TextPlaces::at(size_t offset) const {
  offset = std::min(offset, size_);
  const auto line = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset) - 1;
  const auto from = std::lower_bound(continuations_.begin(), continuations_.end(), *line);
  const auto to = std::lower_bound(from, continuations_.end(), offset);
  return {static_cast<int>(line - line_starts_.begin()) + 1,
          static_cast<int>(offset - *line) - static_cast<int>(to - from) + 1};
}

}  // namespace omni
