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

// What a field is to a codec. All but kOrdinary are never passed on: they concern one connection
// only (RFC 9110 section 7.6.1), or a codec makes them itself.
enum class FieldKind : uint8_t {
  kOrdinary,
  kHost,
  kContentLength,
  kTransferEncoding,
  kConnection,
  kExpect,
  kDropped
};
// `name` is lower case. `known_field_kind` is the same, after a look at the size.
FieldKind known_field_kind(std::string_view name);
inline FieldKind field_kind(std::string_view name) {
  constexpr uint32_t kSizes =
      1u << 2 | 1u << 4 | 1u << 6 | 1u << 7 | 1u << 10 | 1u << 14 | 1u << 16 | 1u << 17;
  const bool may_be_known = name.size() < 32 && (kSizes >> name.size() & 1) != 0;
  return may_be_known ? known_field_kind(name) : FieldKind::kOrdinary;
}
inline bool is_made_by_codec(std::string_view name) {
  return field_kind(name) != FieldKind::kOrdinary;
}

// Informational, 204 and 304 answers end with their head (RFC 9112 section 6.3).
constexpr bool forbids_body(int status) { return status < 200 || status == 204 || status == 304; }

bool is_token_char(char c);
bool is_token(std::string_view text);
// How many of the first bytes are token characters.
size_t token_prefix(std::string_view text);
// One that RFC 9110 section 9.3, RFC 5789, WebDAV and their like define: what llhttp knows as well.
bool is_known_method(std::string_view method);
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

// True when any byte is below 0x20 or 0x7f.
bool has_control(std::string_view text);

}  // namespace omni
