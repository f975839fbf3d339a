// Appending JSON to a string: small documents of our own, never a client's body.
#pragma once

#include <string>
#include <string_view>

namespace omni::json {

// Appends `text` as a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD; `<`, `>` and `&`
// stay.
void append_quoted(std::string& out, std::string_view text);
std::string quoted(std::string_view text);

// RFC 3629: no overlong forms, no surrogates.
bool is_utf8(std::string_view text);

}  // namespace omni::json
