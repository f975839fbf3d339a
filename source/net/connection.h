// A byte stream towards a peer, plain or TLS. What runs above it cannot tell which.
#pragma once

#include <absl/status/status.h>
#include <absl/types/span.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "source/buffer/buffer.h"

namespace omni::net {

// Why reading is held. A bit set, so that a stuck connection explains itself.
enum class Hold : uint8_t {
  kLane = 1,
  kSocket = 2,
  kShutdown = 4,
  kMemory = 8,
  kPipeline = 16,
  kTunnel = 32,  // The way through a proxy is open and nobody uses it yet.
};

// Every callback runs on the connection's loop, from inside the loop's own turn: never from inside
// a call on the Connection. A callback may destroy the Connection.
class ConnectionEvents {
 public:
  virtual ~ConnectionEvents() = default;
  // Take what you can; the rest is offered again in front of what comes next. Slices may be lent
  // for this call only: what is left in `in` is owned by the connection afterwards.
  virtual void on_bytes(Buffer& in) = 0;
  // Where the next bytes should be read to instead of the loop's own buffer; empty for the latter.
  // Asked before each read. TLS connections never ask.
  virtual absl::Span<char> read_target() { return {}; }
  virtual void on_read_into_target(size_t /*count*/) {}
  // The peer will send no more; writing still works. Default: as good as closed.
  virtual void on_end_of_input() = 0;
  // Unsent bytes fell below the low watermark after having been above the high one.
  virtual void on_writable() = 0;
  // Last call. OkStatus means an orderly end (close_after_flush() is done).
  virtual void on_closed(absl::Status why) = 0;
};

// Who the other side proved to be; empty unless mutual TLS.
struct PeerIdentity {
  std::string subject;
  std::string fingerprint_sha256;
};

class Connection {
 public:
  // Destroying it closes the socket at once; nothing is called back.
  virtual ~Connection() = default;

  // Must be called once before the first event; `events` outlives the connection.
  virtual void start(ConnectionEvents& events) = 0;
  // Queues bytes; they leave in one gathered write when the current callback has returned.
  virtual void write(Buffer&& bytes) = 0;
  // Bytes not yet taken by the kernel.
  virtual size_t unsent() const = 0;
  virtual void hold(Hold reason) = 0;
  virtual void release(Hold reason) = 0;
  // The next bytes are of no use unless there are more than `count` of them: what is told of them
  // may be told up to twenty milliseconds later, if that saves the work of being told twice. Over
  // with the next read. A hint.
  virtual void await_more_than(int /*count*/) {}
  // Sends what is queued, then (TLS: close_notify and) FIN, then reports on_closed(OK). Bytes that
  // still arrive are dropped, for at most two seconds, so that the peer can read the last answer
  // instead of a reset.
  virtual void close_after_flush() = 0;

  virtual std::string_view peer() const = 0;  // "127.0.0.1:4711", "[::1]:4711" or "unix:".
  virtual bool peer_is_loopback() const = 0;
  virtual std::string_view alpn()
      const = 0;  // "h2", "http/1.1", or empty. Final at first on_bytes().
  virtual bool is_tls() const = 0;
  virtual const PeerIdentity& peer_identity() const = 0;

  static constexpr size_t kHighWatermark = 256 * 1024;
  static constexpr size_t kLowWatermark = 128 * 1024;
};

}  // namespace omni::net
