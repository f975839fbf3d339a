// Listening on a loop, for TCP and Unix sockets, plain or TLS.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>

#include "source/event/loop.h"
#include "source/net/listener.h"

namespace omni::net {

// Takes the socket over. `on_accept` gets each connection before start(); it may destroy the
// listener. With `tls` every connection begins with a handshake; without, it is null. Near the
// limit of open files accepting pauses, and clients wait in the kernel's queue.
absl::StatusOr<std::unique_ptr<Listener>> listen(Loop& loop, BoundSocket socket,
                                                 std::shared_ptr<TlsServer> tls,
                                                 Listener::OnAccept on_accept);

// Raises RLIMIT_NOFILE to its hard limit and returns what now holds. Call once, before the first
// listen().
uint64_t raise_file_limit();

}  // namespace omni::net
