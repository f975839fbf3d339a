// An IP address as a number, for lists of addresses that operators write. What goes to connect() is
// a net::SocketAddress.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace omni {

// An IPv4 address mapped into IPv6 (RFC 4291 section 2.5.5.2) is the IPv4 address: a listener on
// [::] shows IPv4 clients that way, and no rule may depend on which socket they came in by.
struct IpAddress {
  bool is_v6 = false;
  uint64_t high = 0;  // The first eight bytes of an IPv6 address.
  uint64_t low = 0;   // Its last eight; of IPv4 all four.

  // A literal, IPv6 with or without brackets; nullopt for a name, a zone, and spellings such as
  // 127.1 or 010.0.0.1 that resolvers disagree about.
  static std::optional<IpAddress> parse(std::string_view text);
  // The same with an optional port, which is dropped: "192.0.2.1:80", "[2001:db8::1]:80".
  static std::optional<IpAddress> parse_endpoint(std::string_view text);

  std::string text() const;  // "192.0.2.1" or "2001:db8::1".

  auto operator<=>(const IpAddress&) const = default;
};

}  // namespace omni
