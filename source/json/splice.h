// Editing a document in place: the bytes that nobody asked to change stay the very same bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "source/buffer/buffer.h"

namespace omni::json {

// Replace bytes [at, at + size) by `text`.
struct Edit {
  size_t at = 0;
  size_t size = 0;
  std::string text;
};

// `original` must be flat; `edits` in rising order and not overlapping. The result shares the block
// of `original`, and only the new text is copied; a short document is copied whole, because three
// pieces cost everyone behind this more than its bytes.
Buffer splice(const Buffer& original, const Edit* edits, size_t count);
inline Buffer splice(const Buffer& original, const std::vector<Edit>& edits) {
  return splice(original, edits.data(), edits.size());
}

}  // namespace omni::json
