// Requests to other hosts as filters see them. Sockets, pools and TLS stay behind source/upstream.
#pragma once

#include <absl/status/status.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <string>

#include "api/http.h"
#include "source/buffer/buffer.h"
#include "source/catalog/origin.h"

namespace omni {

struct UpstreamTimeouts {
  // Name look-up, TCP, the talk with a proxy, and TLS together.
  absl::Duration connect = absl::Seconds(10);
  // From open() to the first response byte, then between two bytes. Infinite: none.
  absl::Duration first_byte = absl::Seconds(120);
  absl::Duration idle = absl::Seconds(120);
};

// Why an upstream request failed, for the status and the text a client gets.
enum class UpstreamFailure : uint8_t {
  kResolve,     // The name has no address.
  kForbidden,   // Every address is one we refuse to connect to.
  kConnect,     // Refused, unreachable, reset while connecting.
  kTls,         // Handshake or certificate.
  kTimeout,     // connect, first_byte or idle ran out.
  kReset,       // Closed or reset before the response was complete.
  kProtocol,    // Not HTTP, or beyond our limits.
  kOverloaded,  // Our own queue for this origin is full.
  // The proxy on the way is dead, refuses us or does not answer. Says nothing of the provider,
  // which was never asked.
  kProxy,
};

class UpstreamEvents {
 public:
  virtual ~UpstreamEvents() = default;
  virtual void on_response_headers(ResponseHead&&) = 0;
  // Slices may be lent for this call only: keepers call Buffer::own().
  virtual void on_response_body(Buffer&&) = 0;
  virtual void on_response_complete() = 0;
  // At most once, and nothing follows. `sent` says whether any request byte may have reached the
  // peer, which is what decides whether a retry is safe.
  virtual void on_failure(UpstreamFailure kind, absl::Status why, bool sent) = 0;
};

// One request to one host. Destroying it cancels it: within the same loop turn the stream is reset
// (HTTP/2) or the connection closed (HTTP/1). No event arrives from inside a call on this object.
class UpstreamRequest {
 public:
  virtual ~UpstreamRequest() = default;
  // Reading the response stops while held; resumes when released.
  virtual void hold() = 0;
  virtual void release() = 0;
  // The answer will be a stream whose head and first bytes are of no use without content: they may
  // be told up to twenty milliseconds later, together with it. To be said before the turn ends.
  virtual void await_content() {}
  // What is being told now holds the first content.
  virtual void content_began() {}
  // Microseconds from open() until the request was handed to a connection; for the access log.
  virtual int64_t queued_us() const = 0;
};

// Per worker: opens requests over that worker's connection pools. Outlives every exchange.
class UpstreamPools {
 public:
  virtual ~UpstreamPools() = default;
  // Sends a whole request. `body` is owned (no lent slices), or its bytes outlive this turn. A
  // request that met a stale kept-alive connection is sent again by the pool itself, once, on a
  // fresh one.
  // An empty `head.authority` is the origin's.
  [[nodiscard]] virtual std::unique_ptr<UpstreamRequest> open(const Origin& origin,
                                                              RequestHead&& head, Buffer&& body,
                                                              const UpstreamTimeouts& timeouts,
                                                              UpstreamEvents& events) = 0;
};

}  // namespace omni
