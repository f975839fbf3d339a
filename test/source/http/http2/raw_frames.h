// HTTP/2 frames made by hand, for peers that no decent library would play.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace omni::test {

using Fields = std::vector<std::pair<std::string, std::string>>;

inline std::string frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  const auto size = static_cast<uint32_t>(payload.size());
  std::string out = {static_cast<char>(size >> 16),   static_cast<char>(size >> 8),
                     static_cast<char>(size),         static_cast<char>(type),
                     static_cast<char>(flags),        static_cast<char>(stream >> 24),
                     static_cast<char>(stream >> 16), static_cast<char>(stream >> 8),
                     static_cast<char>(stream)};
  return out.append(payload);
}

inline std::string number(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

// Literal fields without indexing or Huffman coding (RFC 7541 section 6.2.2); any bytes at all.
inline std::string block(const Fields& fields) {
  std::string out;
  const auto put = [&out](std::string_view text) {
    if (text.size() < 127) {
      out += static_cast<char>(text.size());
    } else {
      out += static_cast<char>(127);
      size_t rest = text.size() - 127;
      for (; rest >= 128; rest /= 128) out += static_cast<char>(rest % 128 + 128);
      out += static_cast<char>(rest);
    }
    out += text;
  };
  for (const auto& [name, value] : fields) {
    out += '\0';
    put(name);
    put(value);
  }
  return out;
}

inline std::string preface() { return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, ""); }

constexpr uint8_t kEndStream = 1, kEndHeaders = 4, kAck = 1;

inline std::string headers(uint32_t stream, const Fields& fields, bool end = true) {
  return frame(1, kEndHeaders | (end ? kEndStream : 0), stream, block(fields));
}
inline std::string data(uint32_t stream, std::string_view bytes, bool end = false) {
  return frame(0, end ? kEndStream : 0, stream, bytes);
}
inline std::string rst(uint32_t stream, uint32_t code = NGHTTP2_CANCEL) {
  return frame(3, 0, stream, number(code));
}

inline Fields get_fields(const Fields& more = {}) {
  Fields out = {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}
inline Fields post_fields(const Fields& more = {}) {
  Fields out = get_fields(more);
  out[0].second = "POST";
  return out;
}

struct Frame {
  uint8_t type, flags;
  uint32_t stream;
  std::string payload;
  uint32_t word(size_t at) const {
    uint32_t out = 0;
    for (size_t i = at; i < at + 4; ++i) out = out << 8 | static_cast<uint8_t>(payload.at(i));
    return out;
  }
};

inline std::vector<Frame> parse_frames(std::string_view bytes) {
  std::vector<Frame> out;
  while (bytes.size() >= 9) {
    const auto at = [&bytes](size_t i) {
      return static_cast<uint32_t>(static_cast<uint8_t>(bytes[i]));
    };
    const size_t size = at(0) << 16 | at(1) << 8 | at(2);
    out.push_back({static_cast<uint8_t>(at(3)), static_cast<uint8_t>(at(4)),
                   (at(5) << 24 | at(6) << 16 | at(7) << 8 | at(8)) & 0x7fffffff,
                   std::string(bytes.substr(9, size))});
    bytes.remove_prefix(std::min(bytes.size(), 9 + size));
  }
  return out;
}

}  // namespace omni::test
