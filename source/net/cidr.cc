#include "source/net/cidr.h"

#include <cstring>

#include "source/base/status.h"
#include "source/base/strings.h"

namespace omni::net {
namespace {

// The address as bytes in network order; mapped IPv4 is unwrapped.
std::array<uint8_t, 16> bytes_of(const SocketAddress& address, bool& is_v6) {
  std::array<uint8_t, 16> out{};
  is_v6 = address.is_v6();
  if (!is_v6) {
    std::memcpy(out.data(), &address.v4(), 4);
    return out;
  }
  std::memcpy(out.data(), &address.v6(), 16);
  if (IN6_IS_ADDR_V4MAPPED(&address.v6())) {
    is_v6 = false;
    std::memmove(out.data(), out.data() + 12, 4);
  }
  return out;
}

}  // namespace

absl::StatusOr<Cidr> Cidr::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<SocketAddress> address = SocketAddress::parse(text.substr(0, slash), 0);
  if (!address) return invalid("'" + std::string(text) + "' is not a network such as 10.0.0.0/8");
  Cidr out;
  out.bytes_ = bytes_of(*address, out.is_v6_);
  const int most = out.is_v6_ ? 128 : 32;
  out.bits_ = most;
  if (slash == std::string_view::npos) return out;
  const std::optional<int64_t> bits = parse_int(text.substr(slash + 1));
  if (!bits || *bits < 0 || *bits > most)
    return invalid("'" + std::string(text) + "' has a prefix length out of range");
  out.bits_ = static_cast<int>(*bits);
  return out;
}

bool Cidr::contains(const SocketAddress& address) const {
  bool is_v6 = false;
  const std::array<uint8_t, 16> bytes = bytes_of(address, is_v6);
  if (is_v6 != is_v6_) return false;
  const auto whole = static_cast<size_t>(bits_ / 8);
  if (std::memcmp(bytes.data(), bytes_.data(), whole) != 0) return false;
  if (bits_ % 8 == 0) return true;
  const int shift = 8 - bits_ % 8;
  return bytes[whole] >> shift == bytes_[whole] >> shift;
}

std::optional<SocketAddress> parse_peer(std::string_view peer) {
  const size_t colon = peer.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return SocketAddress::parse(peer.substr(0, colon), 0);
}

}  // namespace omni::net
