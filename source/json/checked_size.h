// The end of a nested value that must be JSON to its last byte.
#pragma once

#include <cstddef>
#include <string_view>

#include "source/json/skim.h"
#include "source/json/token_scan.h"

namespace omni::json {

// The size of the object or array that `text` begins with; 0 when it does not end or is not JSON
// (RFC 8259), nested at most kMaxDepth deep (source/json/valid.h). UTF-8 is not looked at. Bytes of
// `readable` around `text` may be read too. One pass, at the speed of nested_size() where most of
// it is text.
size_t checked_size(std::string_view text, const Readable& readable);
// The same by one of token_scans(), or null for none of them.
size_t checked_size(std::string_view text, const Readable& readable, TokenScan scan);

// Whether a string, quotes included, holds neither control characters nor broken escapes.
bool is_sound_string(std::string_view raw);

}  // namespace omni::json
