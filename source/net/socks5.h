// SOCKS5 (RFC 1928) with user name and password (RFC 1929). A name goes to the proxy as a name and
// is resolved there: what this host would resolve it to need not be what the proxy can reach.
#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "source/base/secret.h"
#include "source/net/tunnel_handshake.h"

namespace omni::net {

class Socks5 final : public TunnelHandshake {
 public:
  Socks5(const Proxy& proxy, const Origin& origin);

  absl::StatusOr<bool> step(Buffer& in, Buffer& out) override;

 private:
  // Named for what comes next of the proxy.
  enum class State : uint8_t {
    kBegin,
    kMethod,       // Version, method.
    kLogin,        // Version, status.
    kReply,        // Version, reply.
    kAddressType,  // Reserved, type.
    kNameLength,
    kAddress,  // And the port; of no use here.
    kOpen,
  };

  size_t wanted() const;
  absl::Status take_piece(Buffer& out);
  absl::Status take_method(Buffer& out);
  absl::Status take_login(Buffer& out);
  absl::Status take_reply();
  absl::Status take_address_type();
  void expect_address(size_t bytes);
  uint8_t byte(size_t at) const { return static_cast<uint8_t>(piece_[at]); }

  State state_ = State::kBegin;
  std::string request_;
  Secret login_;              // RFC 1929's message; empty without credentials.
  std::string piece_;         // What has come of what is wanted.
  size_t address_bytes_ = 0;  // With the port; at most 257.
};

}  // namespace omni::net
