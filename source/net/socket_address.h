// An IP address with a port, as the kernel takes it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace omni::net {

class SocketAddress {
 public:
  SocketAddress();  // 0.0.0.0:0
  // AF_INET or AF_INET6; anything else becomes the default.
  static SocketAddress from(const sockaddr* address);
  // An address literal, IPv6 with or without brackets; nullopt for a name. An IPv6 zone is refused.
  static std::optional<SocketAddress> parse(std::string_view literal, uint16_t port);

  bool is_v6() const { return any_.family == AF_INET6; }
  const sockaddr* get() const { return &any_.header; }
  socklen_t size() const { return is_v6() ? sizeof any_.v6 : sizeof any_.v4; }
  const in_addr& v4() const { return any_.v4.sin_addr; }
  const in6_addr& v6() const { return any_.v6.sin6_addr; }
  uint16_t port() const { return ntohs(is_v6() ? any_.v6.sin6_port : any_.v4.sin_port); }
  void set_port(uint16_t port);

  bool is_loopback() const;       // 127/8, ::1, and the former mapped into IPv6.
  std::string host_text() const;  // "127.0.0.1" or "::1".
  std::string text() const;       // "127.0.0.1:80" or "[::1]:80".

 private:
  union {
    sa_family_t family;
    sockaddr header;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } any_;
};

}  // namespace omni::net
