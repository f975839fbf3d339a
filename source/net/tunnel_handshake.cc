#include "source/net/tunnel_handshake.h"

#include "source/net/http_connect.h"
#include "source/net/socks5.h"

namespace omni::net {

std::unique_ptr<TunnelHandshake> make_tunnel_handshake(const Proxy& proxy, const Origin& origin) {
  if (proxy.type == Proxy::Type::kSocks5) return std::make_unique<Socks5>(proxy, origin);
  return std::make_unique<HttpConnect>(proxy, origin);
}

}  // namespace omni::net
