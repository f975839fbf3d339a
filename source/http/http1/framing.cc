#include "source/http/http1/framing.h"

#include <utility>

#include "source/base/strings.h"

namespace omni {
namespace {

void take_connection(std::string_view value, SpecialFields& special) {
  for (std::string_view word : split(value, ',')) {
    word = trim(word);
    if (word.empty()) continue;
    if (equals_ignoring_case(word, "close")) {
      special.says_close = true;
    } else if (equals_ignoring_case(word, "keep-alive")) {
      special.says_keep_alive = true;
    } else {
      special.of_one_hop.push_back(lower(word));
    }
  }
}

// Applies the Connection field: its two words, and the fields that it names (RFC 9110 7.6.1).
void apply_connection(const SpecialFields& special, Framing& framing, Headers& headers) {
  for (const std::string& name : special.of_one_hop) headers.remove(name);
  framing.keeps_alive = !special.says_close && (special.says_keep_alive || !framing.is_old);
}

Fault frame_body(const SpecialFields& special, Framing& framing, std::optional<uint64_t>& length) {
  if (special.transfer_encodings > 0) {
    if (framing.is_old) return {400, "HTTP/1.0 has no Transfer-Encoding."};
    if (special.content_lengths > 0)
      return {400, "Content-Length and Transfer-Encoding exclude each other."};
    if (special.transfer_encodings > 1 || !special.is_chunked)
      return {501, "The only Transfer-Encoding spoken here is chunked."};
    framing.is_chunked = true;
    return {};
  }
  if (special.content_lengths > 1) return {400, "There is more than one Content-Length."};
  if (special.content_lengths == 1 && !special.content_length)
    return {400, "The Content-Length is not a number."};
  length = special.content_length;
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
Fault locate(HeadLines& lines, RequestHead& out) {
  // The two that nearly all requests have need no look at the list.
  const bool is_usual = out.method == "POST" || out.method == "GET";
  if (!is_usual && !is_known_method(out.method)) return {400, "The method is not one of HTTP."};
  if (lines.special.hosts > 1) return {400, "There is more than one Host."};
  if (lines.special.hosts == 0 && !lines.is_old) return {400, "There is no Host."};
  if (!is_authority(lines.host)) return {400, "The Host is malformed."};
  if (!is_usual && out.method == "CONNECT") return {405, "CONNECT is not served here."};
  const std::string& target = lines.target;
  if (target.empty()) return {400, "The request target is missing."};
  if (target[0] != '/' && (target != "*" || out.method != "OPTIONS")) {
    const std::string dropped = std::move(lines.host);  // A connection that waits keeps neither.
    const std::string absolute = std::move(lines.target);
    return split_absolute_target(absolute, out);
  }
  out.target = std::move(lines.target);
  out.authority = std::move(lines.host);
  return {};
}

}  // namespace

void SpecialFields::take(FieldKind kind, std::string_view value, std::string_view padding) {
  switch (kind) {
    case FieldKind::kContentLength:
      ++content_lengths;
      content_length = parse_content_length(value);
      // RFC 9110 section 5.5 allows a tab, and not every reader does.
      if (padding.find('\t') != std::string_view::npos) content_length.reset();
      return;
    case FieldKind::kTransferEncoding:
      ++transfer_encodings;
      is_chunked = equals_ignoring_case(value, "chunked");
      return;
    case FieldKind::kConnection:
      return take_connection(value, *this);
    case FieldKind::kExpect:
      ++expects;
      is_100_continue = equals_ignoring_case(value, "100-continue");
      return;
    case FieldKind::kHost:
      ++hosts;
      return;
    case FieldKind::kOrdinary:
    case FieldKind::kDropped:
      return;
  }
}

void HeadLines::clear() {
  method.clear();
  target.clear();
  host.clear();
  status = 0;
  is_old = false;
  headers.clear();
  special = {};
}

Fault interpret_request(HeadLines&& lines, std::string_view scheme, Framing& framing,
                        RequestHead& out) {
  const SpecialFields& special = lines.special;
  framing.is_old = lines.is_old;
  out.method = std::move(lines.method);
  out.scheme = std::string(scheme);
  out.headers = std::move(lines.headers);
  apply_connection(special, framing, out.headers);
  if (const Fault fault = locate(lines, out)) return fault;
  if (const Fault fault = frame_body(special, framing, out.content_length)) return fault;
  out.has_body = framing.is_chunked || out.content_length.value_or(0) > 0;
  if (special.expects > 0 && !framing.is_old) {
    if (special.expects > 1 || !special.is_100_continue)
      return {417, "The only expectation met here is 100-continue."};
    framing.expects_continue = out.has_body;
  }
  return {};
}

Fault interpret_response(HeadLines&& lines, Framing& framing, ResponseHead& out) {
  framing.is_old = lines.is_old;
  out.status = lines.status;
  out.headers = std::move(lines.headers);
  apply_connection(lines.special, framing, out.headers);
  return frame_body(lines.special, framing, out.content_length);
}

}  // namespace omni
