#include "source/json/escapes.h"

#include <cstdint>

#include "source/base/strings.h"

namespace omni::json {
namespace {

// Four hexadecimal digits; -1 when they are not.
int32_t unit(std::string_view text) {
  if (text.size() < 4) return -1;
  int32_t out = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_value(text[static_cast<size_t>(i)]);
    if (digit < 0) return -1;
    out = out * 16 + digit;
  }
  return out;
}

void append_utf8(std::string& out, uint32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | (point >> 6));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | (point >> 12));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (point >> 18));
    out += static_cast<char>(0x80 | ((point >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  }
}

// Takes what follows `\u`; surrogates come in pairs (RFC 8259 section 7).
bool take_unicode(std::string_view& rest, std::string& out, Surrogates surrogates) {
  const int32_t first = unit(rest);
  if (first < 0) return false;
  rest.remove_prefix(4);
  if (first < 0xD800 || first > 0xDFFF) {
    append_utf8(out, static_cast<uint32_t>(first));
    return true;
  }
  const bool may_go_on = first <= 0xDBFF && rest.substr(0, 2) == "\\u";
  const int32_t second = may_go_on ? unit(rest.substr(2)) : -1;
  if (second < 0xDC00 || second > 0xDFFF) {
    append_utf8(out, 0xFFFD);
    return surrogates == Surrogates::kAny;
  }
  rest.remove_prefix(6);
  append_utf8(out, 0x10000u + ((static_cast<uint32_t>(first) - 0xD800u) << 10) +
                       (static_cast<uint32_t>(second) - 0xDC00u));
  return true;
}

bool take_escape(std::string_view& rest, std::string& out, Surrogates surrogates) {
  if (rest.empty()) return false;
  const char c = rest.front();
  rest.remove_prefix(1);
  if (c == 'u') return take_unicode(rest, out, surrogates);
  constexpr std::string_view kNames = "\"\\/bfnrt", kBytes = "\"\\/\b\f\n\r\t";
  const size_t at = kNames.find(c);
  if (at == std::string_view::npos) return false;
  out += kBytes[at];
  return true;
}

}  // namespace

bool unescape(std::string_view inside, std::string& out, Surrogates surrogates) {
  out.clear();
  while (!inside.empty()) {
    const size_t slash = inside.find('\\');
    out += inside.substr(0, slash);
    if (slash == std::string_view::npos) return true;
    inside.remove_prefix(slash + 1);
    if (!take_escape(inside, out, surrogates)) return false;
  }
  return true;
}

bool has_control(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20) return true;
  return false;
}

}  // namespace omni::json
