#include "source/json/writer.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "source/json/pen.h"

namespace omni::json {
namespace {

// Length of the valid UTF-8 sequence at `at`, 0 when there is none (RFC 3629).
size_t sequence(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) -> uint8_t {
    return at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : 0;
  };
  const uint8_t lead = byte(0), second = byte(1);
  const auto tail = [](uint8_t b) { return (b & 0xC0) == 0x80; };
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(second) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool ok = tail(second) && tail(byte(2)) && !(lead == 0xE0 && second < 0xA0) &&
                    !(lead == 0xED && second > 0x9F);
    return ok ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool ok = tail(second) && tail(byte(2)) && tail(byte(3)) &&
                    !(lead == 0xF0 && second < 0x90) && !(lead == 0xF4 && second > 0x8F);
    return ok ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    uint64_t eight = 0;
    if (text.size() - at >= sizeof eight) {
      std::memcpy(&eight, text.data() + at, sizeof eight);
      if ((eight & 0x8080808080808080) == 0) {
        at += sizeof eight;
        continue;
      }
    }
    const size_t size = static_cast<uint8_t>(text[at]) < 0x80 ? 1 : sequence(text, at);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

namespace {

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default: {
      constexpr char kDigits[] = "0123456789abcdef";
      out += "\\u00";
      out.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
      out.push_back(kDigits[static_cast<uint8_t>(c) & 15]);
    }
  }
}

// Bytes that stand for themselves inside a string.
constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = make_plain();

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  size_t plain = 0;  // Start of the run not yet copied.
  for (size_t at = 0; at < text.size();) {
    const auto c = static_cast<uint8_t>(text[at]);
    if (kPlain[c]) {
      ++at;
      continue;
    }
    const size_t size = c < 0x80 ? 1 : sequence(text, at);
    const bool keep = size > 1;
    if (keep) {
      at += size;
      continue;
    }
    out.append(text, plain, at - plain);
    if (size == 0) {
      out += "\xEF\xBF\xBD";
    } else {
      append_escape(out, text[at]);
    }
    plain = ++at;
  }
  out.append(text, plain);
  out.push_back('"');
}

std::string quoted(std::string_view text) {
  constexpr size_t kShort = 64;
  if (text.size() <= kShort) {
    char room[quoted_bound(kShort)];
    Pen pen(room);
    pen.quoted(text);
    return {room, pen.at()};
  }
  std::string out;
  out.reserve(text.size() + 2);
  append_quoted(out, text);
  return out;
}

}  // namespace omni::json
