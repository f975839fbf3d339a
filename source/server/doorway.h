// A listener as workers see it, and what a new configuration changes about it.
#pragma once

#include <absl/time/time.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "source/http/exchange_host.h"
#include "source/net/listener.h"
#include "source/net/tls_context.h"

namespace omni {

// The terms on which a listener takes connections, which keep them while they are open. Shared by
// all workers; immutable but for the count.
struct Doorway {
  size_t listener = 0;                  // ListenerRoutes::id
  std::shared_ptr<net::TlsServer> tls;  // Null: plain.
  ServerLimits limits;
  uint32_t max_connections = 10000;
  // Over all workers, and over all terms that its sockets had.
  std::shared_ptr<std::atomic<uint32_t>> connections;
};

// What changes at one worker, in this order.
struct DoorChange {
  struct Replaced {
    size_t listener;                         // Its sockets stay, ...
    std::shared_ptr<const Doorway> doorway;  // ... with these terms, maybe for another listener.
  };
  struct Opened {
    std::shared_ptr<const Doorway> doorway;
    net::BoundSocket socket;
  };
  std::vector<Replaced> replaced;
  // Listeners that are gone: their sockets close, their connections end when they have answered,
  // after `drain` with an error.
  std::vector<size_t> retired;
  absl::Duration drain;
  std::vector<Opened> opened;
};

}  // namespace omni
