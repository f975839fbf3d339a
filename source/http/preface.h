// Telling HTTP/2 with prior knowledge from HTTP/1 by the first bytes (RFC 9113 section 3.4).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "source/buffer/buffer.h"

namespace omni {

enum class FirstBytes : uint8_t { kUndecided, kHttp1, kHttp2 };

// `in` is everything that a plain connection has received; it is not changed.
inline FirstBytes tell_protocol(const Buffer& in) {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  size_t matched = 0;
  for (size_t i = 0; i < in.slice_count() && matched < kPreface.size(); ++i) {
    const std::string_view bytes = in.slice(i).view();
    const size_t count = std::min(bytes.size(), kPreface.size() - matched);
    if (bytes.substr(0, count) != kPreface.substr(matched, count)) return FirstBytes::kHttp1;
    matched += count;
  }
  return matched == kPreface.size() ? FirstBytes::kHttp2 : FirstBytes::kUndecided;
}

}  // namespace omni
