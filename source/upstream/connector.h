// How pools get connections. An interface, so that a test hands out connections without a socket.
#pragma once

#include <absl/status/status.h>
#include <absl/time/time.h>

#include <memory>

#include "api/upstream.h"
#include "source/net/connection.h"

namespace omni::upstream {

// Exactly one of the two, once, on the worker's loop; never from inside connect(). The callback may
// destroy the attempt.
class ConnectEvents {
 public:
  virtual ~ConnectEvents() = default;
  // Ready for bytes: with TLS the handshake is done and alpn() is final. Not started yet.
  virtual void on_connected(std::unique_ptr<net::Connection> connection) = 0;
  // `why` is the cause alone ("connection refused"); the pool adds where to.
  virtual void on_connect_failed(UpstreamFailure kind, absl::Status why) = 0;
};

class Connector {
 public:
  // Destroying it gives the attempt up; nothing is called back.
  class Attempt {
   public:
    virtual ~Attempt() = default;
    // What is being waited for is the origin's proxy, not the origin.
    virtual bool is_at_proxy() const { return false; }
  };

  virtual ~Connector() = default;
  // Looks the name up, connects, asks the proxy for a tunnel and, for TLS, shakes hands, all within
  // `limit`: the pool gives up then by itself. `events` outlives the attempt; `origin` does too.
  [[nodiscard]] virtual std::unique_ptr<Attempt> connect(const Origin& origin, absl::Duration limit,
                                                         ConnectEvents& events) = 0;
};

}  // namespace omni::upstream
