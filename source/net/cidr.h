// Networks as operators write them: "10.0.0.0/8", "::1/128", or a single address.
#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "source/net/socket_address.h"

namespace omni::net {

class Cidr {
 public:
  static absl::StatusOr<Cidr> parse(std::string_view text);

  // IPv4 addresses mapped into IPv6 are judged as IPv4.
  bool contains(const SocketAddress& address) const;

 private:
  bool is_v6_ = false;
  int bits_ = 0;
  std::array<uint8_t, 16> bytes_{};
};

// The address in "127.0.0.1:4711" or "[::1]:4711"; nullopt for anything else.
std::optional<SocketAddress> parse_peer(std::string_view peer);

}  // namespace omni::net
