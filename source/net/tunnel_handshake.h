// The talk by which a proxy opens a tunnel: protocols without I/O, so that every split of the bytes
// can be tested.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <memory>

#include "source/buffer/buffer.h"
#include "source/catalog/origin.h"
#include "source/catalog/proxy.h"

namespace omni::net {

class TunnelHandshake {
 public:
  // What the proxy may say at most before the tunnel is open.
  static constexpr size_t kMostBytes = 16 * 1024;

  virtual ~TunnelHandshake() = default;

  // Appends to `out` what the proxy is to be sent, and takes off `in` what it said, while that is
  // about the tunnel. The first call has an empty `in`. True: the tunnel is open, and what is left
  // in `in` is the origin's. Not called again after that or an error.
  // An error of code kOriginUnreachable is the proxy's word that the origin cannot be reached; any
  // other is about the proxy itself. Texts hold no credentials, nor anything of the proxy's that is
  // not printable.
  virtual absl::StatusOr<bool> step(Buffer& in, Buffer& out) = 0;

  static constexpr absl::StatusCode kOriginUnreachable = absl::StatusCode::kNotFound;
};

// By the type of the proxy. Neither argument is referred to afterwards.
std::unique_ptr<TunnelHandshake> make_tunnel_handshake(const Proxy& proxy, const Origin& origin);

}  // namespace omni::net
