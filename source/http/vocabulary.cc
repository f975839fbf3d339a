#include "source/http/vocabulary.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace omni {
namespace {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = true;
  for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'})
    table[static_cast<uint8_t>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kToken = make_token_table();

constexpr bool is_control(char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alnum(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Registered name or IPv4 address: unreserved, percent and sub-delims (RFC 3986 section 3.2.2).
bool is_name(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return is_alnum(c) || (c != '\0' && std::strchr("-._~%!$&'()*+,;=", c) != nullptr);
  });
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

bool is_made_by_codec(std::string_view name) {
  switch (name.size()) {
    case 2:
      return name == "te";
    case 4:
      return name == "host";
    case 6:
      return name == "expect";
    case 7:
      return name == "upgrade" || name == "trailer";
    case 10:
      return name == "connection" || name == "keep-alive";
    case 14:
      return name == "content-length" || name == "http2-settings";
    case 16:
      return name == "proxy-connection";
    case 17:
      return name == "transfer-encoding";
    default:
      return false;
  }
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

bool is_token_char(char c) { return kToken[static_cast<uint8_t>(c)]; }

bool is_token(std::string_view text) {
  if (text.empty()) return false;
  bool good = true;
  for (const char c : text) good &= kToken[static_cast<uint8_t>(c)];
  return good;
}

size_t token_prefix(std::string_view text) {
  size_t size = 0;
  while (size < text.size() && kToken[static_cast<uint8_t>(text[size])]) ++size;
  return size;
}

bool has_control(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = 0x8080808080808080;
  const char* at = text.data();
  size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    const uint64_t below = (word - kOnes * 0x20) & ~word;
    const uint64_t del = word ^ (kOnes * 0x7f);
    // The borrow may accuse an innocent neighbour, so an accusation is tried byte by byte.
    if (((below | ((del - kOnes) & ~del)) & kHighs) != 0 && std::any_of(at, at + 8, is_control))
      return true;
  }
  return std::any_of(at, at + left, is_control);
}

bool is_field_value(std::string_view text) {
  return !has_control(text) ||
         std::all_of(text.begin(), text.end(), [](char c) { return c == '\t' || !is_control(c); });
}

bool is_authority(std::string_view text) {
  std::string_view host = text;
  const size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos) {
    const std::string_view port = text.substr(colon + 1);
    if (port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit)) return false;
    host = text.substr(0, colon);
    if (host.empty()) return false;
  }
  return !host.empty() && host.front() == '[' ? is_bracketed_address(host) : is_name(host);
}

bool is_target(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
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
