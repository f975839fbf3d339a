#include "source/http/vocabulary.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

#include "source/http/octets.h"

namespace omni {
namespace {

// What a name or an IPv4 address may be made of: unreserved, percent and sub-delims (RFC 3986
// section 3.2.2).
constexpr std::array<bool, 256> make_name_table() {
  std::array<bool, 256> table{};
  for (size_t c = 0; c < table.size(); ++c)
    table[c] = std::string_view(
                   "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "-._~%!$&'()*+,;=")
                   .find(static_cast<char>(c)) != std::string_view::npos;
  return table;
}
constexpr std::array<bool, 256> kName = make_name_table();

// The methods of RFC 9110, 5789 (PATCH), 4918, 3253, 3648, 5323, 5842, 3744 (WebDAV), 2068 (LINK),
// and those of UPnP, Subversion, caches and Icecast.
constexpr std::string_view kMethods[] = {
    "POST",        "GET",        "HEAD",       "OPTIONS", "PUT",      "DELETE", "CONNECT",
    "TRACE",       "PATCH",      "COPY",       "LOCK",    "MKCOL",    "MOVE",   "PROPFIND",
    "PROPPATCH",   "SEARCH",     "UNLOCK",     "BIND",    "REBIND",   "UNBIND", "ACL",
    "REPORT",      "MKACTIVITY", "CHECKOUT",   "MERGE",   "M-SEARCH", "NOTIFY", "SUBSCRIBE",
    "UNSUBSCRIBE", "PURGE",      "MKCALENDAR", "LINK",    "UNLINK",   "SOURCE"};

constexpr bool is_alnum(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_bracketed_address(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  const std::string_view inside = host.substr(1, host.size() - 2);
  return std::all_of(inside.begin(), inside.end(), [](char c) {
    return is_alnum(c) || c == ':' || c == '.' || c == '%' || c == '-' || c == '_';
  });
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 102:
      return "Processing";
    case 103:
      return "Early Hints";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 424:
      return "Failed Dependency";
    case 425:
      return "Too Early";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 451:
      return "Unavailable For Legal Reasons";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    case 529:
      return "Site Overloaded";
    default:
      return "Unknown";
  }
}

FieldKind known_field_kind(std::string_view name) {
  switch (name.size()) {
    case 2:
      return name == "te" ? FieldKind::kDropped : FieldKind::kOrdinary;
    case 4:
      return name == "host" ? FieldKind::kHost : FieldKind::kOrdinary;
    case 6:
      return name == "expect" ? FieldKind::kExpect : FieldKind::kOrdinary;
    case 7:
      return name == "upgrade" || name == "trailer" ? FieldKind::kDropped : FieldKind::kOrdinary;
    case 10:
      if (name == "connection") return FieldKind::kConnection;
      return name == "keep-alive" ? FieldKind::kDropped : FieldKind::kOrdinary;
    case 14:
      if (name == "content-length") return FieldKind::kContentLength;
      return name == "http2-settings" ? FieldKind::kDropped : FieldKind::kOrdinary;
    case 16:
      return name == "proxy-connection" ? FieldKind::kDropped : FieldKind::kOrdinary;
    case 17:
      return name == "transfer-encoding" ? FieldKind::kTransferEncoding : FieldKind::kOrdinary;
    default:
      return FieldKind::kOrdinary;
  }
}

bool is_known_method(std::string_view method) {
  return std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
}

std::optional<uint64_t> parse_content_length(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  uint64_t length = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    length = length * 10 + static_cast<uint64_t>(c - '0');
  }
  return length;
}

bool is_token_char(char c) { return kLowerToken[static_cast<uint8_t>(c)] != 0; }

bool is_token(std::string_view text) {
  if (text.empty()) return false;
  bool good = true;
  for (const char c : text) good &= kLowerToken[static_cast<uint8_t>(c)] != 0;
  return good;
}

size_t token_prefix(std::string_view text) {
  size_t size = 0;
  while (size < text.size() && is_token_char(text[size])) ++size;
  return size;
}

bool has_control(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
#if defined(__SSE2__)
  for (; end - at >= static_cast<ptrdiff_t>(Octets::kSize); at += Octets::kSize)
    if (Octets::bits(Octets(at).is_control()) != 0) return true;
#endif
  return std::any_of(at, end, is_control);
}

bool is_field_value(std::string_view text) {
  const char* const end = text.data() + text.size();
  return find_control(text.data(), end) == end;
}

bool is_authority(std::string_view text) {
  size_t named = 0;
  while (named < text.size() && kName[static_cast<uint8_t>(text[named])]) ++named;
  if (named == text.size()) return true;
  const bool has_port = text[named] == ':' && named > 0 && text.size() - named <= 6;
  bool good = has_port;
  for (size_t at = named + 1; at < text.size(); ++at) good &= is_digit(text[at]);
  if (good) return true;
  std::string_view host = text;
  const size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos) {
    const std::string_view port = text.substr(colon + 1);
    if (port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit)) return false;
    host = text.substr(0, colon);
    if (host.empty()) return false;
  }
  // A name is whatever ends before the port.
  return !host.empty() && host.front() == '[' ? is_bracketed_address(host) : host.size() == named;
}

bool is_target(std::string_view text) {
  const char* const end = text.data() + text.size();
  return !text.empty() && find_target_end(text.data(), end) == end;
}

std::string encode_target(std::string_view target) {
  if (target.empty()) return "/";
  if (is_target(target)) return std::string(target);
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : target) {
    if (is_target({&c, 1})) {
      out += c;
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    out += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return out;
}

}  // namespace omni
