#include "source/net/socket_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <cstring>

namespace omni::net {

SocketAddress::SocketAddress() {
  std::memset(&any_, 0, sizeof any_);
  any_.family = AF_INET;
}

SocketAddress SocketAddress::from(const sockaddr* address) {
  SocketAddress out;
  if (address->sa_family == AF_INET) std::memcpy(&out.any_.v4, address, sizeof out.any_.v4);
  if (address->sa_family == AF_INET6) std::memcpy(&out.any_.v6, address, sizeof out.any_.v6);
  return out;
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view literal, uint16_t port) {
  if (literal.size() >= 2 && literal.front() == '[' && literal.back() == ']')
    literal = literal.substr(1, literal.size() - 2);
  const std::string text(literal);
  SocketAddress out;
  if (inet_pton(AF_INET, text.c_str(), &out.any_.v4.sin_addr) != 1) {
    if (inet_pton(AF_INET6, text.c_str(), &out.any_.v6.sin6_addr) != 1) return std::nullopt;
    out.any_.family = AF_INET6;
  }
  out.set_port(port);
  return out;
}

void SocketAddress::set_port(uint16_t port) {
  (is_v6() ? any_.v6.sin6_port : any_.v4.sin_port) = htons(port);
}

bool SocketAddress::is_loopback() const {
  if (!is_v6()) return ntohl(v4().s_addr) >> 24 == 127;
  if (IN6_IS_ADDR_V4MAPPED(&v6())) return v6().s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&v6());
}

std::string SocketAddress::host_text() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  const void* bytes = is_v6() ? static_cast<const void*>(&v6()) : &v4();
  inet_ntop(any_.family, bytes, out.data(), out.size());
  return out.data();
}

std::string SocketAddress::text() const {
  return is_v6() ? fmt::format("[{}]:{}", host_text(), port())
                 : fmt::format("{}:{}", host_text(), port());
}

}  // namespace omni::net
