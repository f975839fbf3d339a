#include "source/http/http1/framing.h"

#include <array>
#include <string>

#include "source/base/strings.h"
#include "source/http/vocabulary.h"

namespace omni {
namespace {

// Fields that decide about the message itself, collected while the others are copied.
struct Special {
  std::string_view content_length, transfer_encoding, host, expect;
  int content_lengths = 0, transfer_encodings = 0, hosts = 0, expects = 0;
  absl::InlinedVector<std::string_view, 2> connection;
};

// True when `name` was special and is not passed on. `name` is lower case.
bool collect(std::string_view name, std::string_view value, Special& special) {
  if (!is_made_by_codec(name)) return false;
  if (name == "content-length") {
    special.content_length = value;
    ++special.content_lengths;
  } else if (name == "transfer-encoding") {
    special.transfer_encoding = value;
    ++special.transfer_encodings;
  } else if (name == "host") {
    special.host = value;
    ++special.hosts;
  } else if (name == "expect") {
    special.expect = value;
    ++special.expects;
  } else if (name == "connection") {
    special.connection.push_back(value);
  }
  return true;
}

void copy_fields(const ParsedHead& parsed, Special& special, Headers& out) {
  size_t text_bytes = 0;
  for (const ParsedHead::Field& field : parsed.fields)
    text_bytes += field.name.size() + field.value.size();
  out.reserve(parsed.fields.size(), text_bytes);
  std::array<char, 64> small;
  for (const ParsedHead::Field& field : parsed.fields) {
    if (field.name.size() > small.size()) {
      out.add(lower(field.name), field.value);
      continue;
    }
    for (size_t i = 0; i < field.name.size(); ++i) small[i] = lower(field.name[i]);
    const std::string_view name(small.data(), field.name.size());
    if (!collect(name, field.value, special)) out.add(name, field.value);
  }
}

// Applies the Connection field: its two words, and the fields that it names (RFC 9110 7.6.1).
void apply_connection(const Special& special, Framing& framing, Headers& headers) {
  bool close = false;
  bool keep = false;
  for (const std::string_view value : special.connection) {
    for (std::string_view word : split(value, ',')) {
      word = trim(word);
      if (word.empty()) continue;
      if (equals_ignoring_case(word, "close")) {
        close = true;
      } else if (equals_ignoring_case(word, "keep-alive")) {
        keep = true;
      } else {
        headers.remove(lower(word));
      }
    }
  }
  framing.keeps_alive = !close && (keep || !framing.is_old);
}

Fault frame_body(const Special& special, Framing& framing, std::optional<uint64_t>& length) {
  if (special.transfer_encodings > 0) {
    if (framing.is_old) return {400, "HTTP/1.0 has no Transfer-Encoding."};
    if (special.content_lengths > 0)
      return {400, "Content-Length and Transfer-Encoding exclude each other."};
    if (special.transfer_encodings > 1 ||
        !equals_ignoring_case(special.transfer_encoding, "chunked"))
      return {501, "The only Transfer-Encoding spoken here is chunked."};
    framing.is_chunked = true;
    return {};
  }
  if (special.content_lengths > 1) return {400, "There is more than one Content-Length."};
  if (special.content_lengths == 1) {
    length = parse_content_length(special.content_length);
    if (!length) return {400, "The Content-Length is not a number."};
  }
  return {};
}

Fault split_absolute_target(std::string_view target, RequestHead& out) {
  const size_t colon = target.find("://");
  const std::string_view scheme = target.substr(0, colon);
  if (colon == std::string_view::npos ||
      (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")))
    return {400, "The request target is neither a path nor an http URL."};
  const std::string_view rest = target.substr(colon + 3);
  const size_t path = rest.find_first_of("/?");
  const std::string_view authority = rest.substr(0, path);
  if (authority.empty() || !is_authority(authority))
    return {400, "The authority in the request target is malformed."};
  out.authority = authority;
  out.target = path == std::string_view::npos ? std::string_view() : rest.substr(path);
  if (out.target.empty() && out.method == "OPTIONS") out.target = "*";
  if (out.target.empty() || out.target[0] == '?') out.target.insert(0, "/");
  return {};
}

// RFC 9112 section 3.2: one Host, whose value gives way to an absolute target's authority.
Fault locate(const ParsedHead& parsed, const Special& special, const Framing& framing,
             RequestHead& out) {
  if (special.hosts > 1) return {400, "There is more than one Host."};
  if (special.hosts == 0 && !framing.is_old) return {400, "There is no Host."};
  if (!is_authority(special.host)) return {400, "The Host is malformed."};
  if (out.method == "CONNECT") return {405, "CONNECT is not served here."};
  const std::string_view target = parsed.target;
  if (target.empty()) return {400, "The request target is missing."};
  if (target[0] == '/' || (target == "*" && out.method == "OPTIONS")) {
    out.target = target;
    out.authority = special.host;
    return {};
  }
  return split_absolute_target(target, out);
}

}  // namespace

Fault interpret_request(const ParsedHead& parsed, std::string_view scheme, Framing& framing,
                        RequestHead& out) {
  Special special;
  framing.is_old = parsed.minor_version == 0;
  out.method = parsed.method;
  out.scheme = scheme;
  copy_fields(parsed, special, out.headers);
  apply_connection(special, framing, out.headers);
  if (const Fault fault = locate(parsed, special, framing, out)) return fault;
  if (const Fault fault = frame_body(special, framing, out.content_length)) return fault;
  out.has_body = framing.is_chunked || out.content_length.value_or(0) > 0;
  if (special.expects > 0 && !framing.is_old) {
    if (special.expects > 1 || !equals_ignoring_case(special.expect, "100-continue"))
      return {417, "The only expectation met here is 100-continue."};
    framing.expects_continue = out.has_body;
  }
  return {};
}

Fault interpret_response(const ParsedHead& parsed, Framing& framing, ResponseHead& out) {
  Special special;
  framing.is_old = parsed.minor_version == 0;
  out.status = parsed.status;
  copy_fields(parsed, special, out.headers);
  apply_connection(special, framing, out.headers);
  return frame_body(special, framing, out.content_length);
}

}  // namespace omni
