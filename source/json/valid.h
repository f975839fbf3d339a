// Whether text is JSON, to its last byte.
#pragma once

#include <cstddef>
#include <string_view>

namespace omni::json {

// Nesting beyond this is not valid.
inline constexpr int kMaxDepth = 256;

// One value with white space around it and nothing else (RFC 8259), nested at most kMaxDepth deep.
// One pass; UTF-8 is not looked at.
bool is_valid(std::string_view text);

// The index of the byte that is_valid() stops at, or the text's size when it ends too early; for
// people. Requires that it is not valid.
size_t first_fault(std::string_view text);

}  // namespace omni::json
