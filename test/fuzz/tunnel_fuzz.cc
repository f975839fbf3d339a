// Whatever a proxy says, and however it is cut: the same verdict, the same bytes left for the
// origin, and never more taken than the bound.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "source/base/check.h"
#include "source/base/status.h"
#include "source/net/tunnel_handshake.h"

namespace {

using omni::net::TunnelHandshake;

std::string outcome(const omni::Proxy& proxy, std::string_view text, size_t step) {
  static const omni::Origin origin = omni::parse_base_url("https://api.example/v1")->origin;
  const auto handshake = omni::net::make_tunnel_handshake(proxy, origin);
  omni::Buffer nothing, out;
  OMNI_CHECK(handshake->step(nothing, out).ok());
  for (size_t at = 0; at < text.size(); at += step) {
    omni::Buffer in(text.substr(at, step));
    const absl::StatusOr<bool> is_open = handshake->step(in, out);
    const size_t taken = std::min(at + step, text.size()) - in.size();
    OMNI_CHECK(taken <= TunnelHandshake::kMostBytes + step);
    const std::string said = std::to_string(out.size());
    if (!is_open.ok()) return said + " " + std::string(omni::message(is_open.status()));
    if (*is_open) return said + " open " + std::to_string(taken);
    OMNI_CHECK(in.empty());
  }
  return std::to_string(out.size()) + " wait";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 40'000) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string_view url :
       {"http://h", "http://ann:pw@h", "socks5://h", "socks5://ann:pw@h"}) {
    const omni::Proxy proxy = *omni::parse_proxy(url);
    const std::string whole = outcome(proxy, text, std::max<size_t>(size, 1));
    for (const size_t step : {1, 2, 3, 7, 64}) OMNI_CHECK(outcome(proxy, text, step) == whole);
  }
  return 0;
}
