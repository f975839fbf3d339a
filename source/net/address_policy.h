// Which addresses a name may lead us to. The rule is asked about the very sockaddr that goes to
// connect(), so neither a DNS answer that changes between two look-ups nor an odd spelling of an
// address gets past it.
#pragma once

#include <string_view>

#include "source/net/socket_address.h"

namespace omni::net {

// Why `address` is not a host on the public internet ("a loopback address"), or empty if it is
// one. IPv4 addresses carried inside IPv6 ones are judged as what they carry.
std::string_view why_not_public(const SocketAddress& address);

inline bool may_connect(const SocketAddress& address, bool allow_private) {
  return allow_private || why_not_public(address).empty();
}

// "localhost" or below it: a name for this host and nothing else (RFC 6761 section 6.3).
bool names_this_host(std::string_view host);

// `host` is an address literal that is not public, or names this host.
bool literal_is_private(std::string_view host);

}  // namespace omni::net
