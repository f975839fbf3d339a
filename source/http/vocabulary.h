// Words and grammar that HTTP/1 and HTTP/2 share: reason phrases, fields that belong to one hop,
// and which bytes may stand where (RFC 9110 section 5, RFC 3986).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace omni {

// "Not Found"; "Unknown" for a status without a registered phrase.
std::string_view reason_phrase(int status);

// Fields that concern one connection only and are never passed on (RFC 9110 section 7.6.1), and
// those that a codec makes itself: host, content-length, transfer-encoding. `name` is lower case.
bool is_made_by_codec(std::string_view name);

// Informational, 204 and 304 answers end with their head (RFC 9112 section 6.3).
constexpr bool forbids_body(int status) { return status < 200 || status == 204 || status == 304; }

bool is_token_char(char c);
bool is_token(std::string_view text);
// How many of the first bytes are token characters.
size_t token_prefix(std::string_view text);
// No control character but HT.
bool is_field_value(std::string_view text);
// host [ ":" port ], without user information; empty is allowed.
bool is_authority(std::string_view text);
// Visible ASCII without '#'.
bool is_target(std::string_view text);
// `target` with every other byte percent-encoded, and "/" for nothing: one from a peer has been
// checked, one from a configuration may hold anything.
std::string encode_target(std::string_view target);

// Decimal digits only, at most 18 of them: a billion gigabytes, and no overflow.
std::optional<uint64_t> parse_content_length(std::string_view text);

// True when any byte is below 0x20 or 0x7f. Eight bytes at a time: every value of every head comes
// through here twice.
bool has_control(std::string_view text);

}  // namespace omni
