// CONNECT over HTTP/1.1 (RFC 9110 section 9.3.6). It is used for http:// origins too, where the
// absolute form (RFC 9112 section 3.2.2) would do: through a tunnel the proxy sees neither the
// provider's key nor what is said, pools need to know one form only, and one connection serves one
// origin, as everywhere here.
#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "source/base/secret.h"
#include "source/net/tunnel_handshake.h"

namespace omni::net {

class HttpConnect final : public TunnelHandshake {
 public:
  HttpConnect(const Proxy& proxy, const Origin& origin);

  absl::StatusOr<bool> step(Buffer& in, Buffer& out) override;

 private:
  absl::Status take_line(std::string_view line);
  absl::Status judge() const;

  Secret request_;    // Holds the credentials; wiped when it is sent.
  std::string line_;  // The one that has not ended yet.
  size_t taken_ = 0;  // Bytes of the answer so far.
  int status_ = 0;    // 0: no status line yet.
  bool is_over_ = false;
};

}  // namespace omni::net
