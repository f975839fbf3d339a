// Sans-I/O HTTP: bytes in, events out. A codec owns no socket and no timer, so a test or a fuzzer
// drives it with nothing but strings. One codec belongs to one connection and one thread.
#pragma once

#include <absl/status/status.h>
#include <absl/types/span.h>

#include <cstddef>
#include <cstdint>

#include "api/http.h"
#include "source/buffer/buffer.h"

namespace omni {

using StreamId = int32_t;
enum class ResetReason : uint8_t { kCancelled, kRefused, kProtocolError, kInternal };

// Bounds that a codec enforces by itself. Every one is crossed by a test.
struct CodecLimits {
  size_t header_bytes = 64 * 1024;  // Request or status line, names, values; trailers alike.
  size_t header_count = 128;
  // Server, HTTP/2: exchanges alive at once on a connection; also SETTINGS_MAX_CONCURRENT_STREAMS.
  uint32_t concurrent_streams = 100;
  // Resets a peer may cause or send: a burst, then so many a second (CVE-2023-44487, -2025-8671).
  uint32_t reset_burst = 100;
  uint32_t resets_per_second = 20;
  // HTTP/2 receive window per stream; the connection's is four times as much.
  uint32_t stream_window_bytes = 256 * 1024;
  // A body that is whole before it moves is gathered in one block up to this size.
  size_t gather_body_bytes = 32 * 1024 * 1024;
};

// What a server codec tells the connection. Called only from inside feed() and received().
class ServerEvents {
 public:
  virtual ~ServerEvents() = default;
  virtual void on_request_headers(StreamId, RequestHead&&) = 0;
  // Buffers may hold slices lent for this call only: keepers call Buffer::own().
  virtual void on_request_body(StreamId, Buffer&&) = 0;
  virtual void on_request_complete(StreamId) = 0;
  // The peer gave the stream up, or broke its rules. Nothing follows for it.
  virtual void on_reset(StreamId, ResetReason) = 0;
};

// Turns wire bytes into events and answers into wire bytes.
class ServerCodec {
 public:
  virtual ~ServerCodec() = default;

  // Consumes a prefix of `in`, any split of the same bytes giving the same events. What it leaves
  // is offered again with more, and again (even if it is nothing) when an exchange has completed,
  // because HTTP/1 stops at a pipelined request until then. An error is fatal for the connection:
  // drain() holds the goodbye (an HTTP/1 4xx, an HTTP/2 GOAWAY); flush it, then close.
  virtual absl::Status feed(Buffer& in) = 0;
  // The peer will send no more bytes. True when the connection may be closed at once; false while
  // an answer is still owed.
  virtual bool on_end_of_input() = 0;
  // Moves pending wire bytes to `out`.
  virtual void drain(Buffer& out) = 0;

  // Where the next bytes from the socket should go, or empty for the reader's own buffer. Used for
  // the rest of a large body, so that it is read into place. received() says how many came.
  virtual absl::Span<char> read_target() { return {}; }
  virtual absl::Status received(size_t /*count*/) { return absl::OkStatus(); }
  // The exchange wants the body in one piece: gather it (HTTP/1: sized by Content-Length).
  virtual void gather_body(StreamId) {}

  // `head.content_length` frames the body; without it the codec chunks (HTTP/1.1), closes
  // (HTTP/1.0) or just streams (HTTP/2). The answer to a HEAD request never carries body bytes.
  virtual void send_headers(StreamId, const ResponseHead&) = 0;
  virtual void send_body(StreamId, Buffer&&) = 0;
  // Ends the exchange. Nothing follows for it, even when its request was not complete yet.
  virtual void send_complete(StreamId) = 0;
  // Ends the exchange without a clean finish: RST_STREAM, or (HTTP/1) closes the connection
  // without the final chunk.
  virtual void reset(StreamId, ResetReason) = 0;
  // The exchange object is gone. Until then it counts against concurrent_streams.
  virtual void forget(StreamId) {}
  // The chain has disposed of `bytes` of request body; HTTP/2 reopens its window by as much.
  virtual void consumed(StreamId, size_t bytes) = 0;
  // Response bytes accepted for this stream but not yet drained.
  virtual size_t pending(StreamId) const = 0;
  // No new requests: GOAWAY, or `Connection: close` on the answers still to come.
  virtual void begin_shutdown() = 0;
  // After drain(), nothing more will ever be exchanged: the connection should be closed.
  virtual bool is_finished() const = 0;
  // Requests begun and not yet completed on both sides.
  virtual size_t active() const = 0;
  // The head of a request has begun but not ended; for the header-read timeout.
  virtual bool is_mid_headers() const = 0;
  // It took too long. drain() holds the goodbye (an HTTP/1 408, an HTTP/2 GOAWAY); then close.
  virtual void give_up_headers() = 0;
};

// The other side: called only from inside feed() and on_end_of_input().
class ClientEvents {
 public:
  virtual ~ClientEvents() = default;
  // Final heads only; 1xx are swallowed (RFC 9110 section 15.2).
  virtual void on_response_headers(StreamId, ResponseHead&&) = 0;
  virtual void on_response_body(StreamId, Buffer&&) = 0;
  virtual void on_response_complete(StreamId) = 0;
  // The exchange failed. `processed` is false when the peer promises that it did not begin
  // (REFUSED_STREAM, GOAWAY below our id; RFC 9113 section 8.7), so a repeat is safe.
  virtual void on_reset(StreamId, ResetReason, bool processed) = 0;
};

class ClientCodec {
 public:
  virtual ~ClientCodec() = default;

  // Opens a stream and sends its head. Requires can_open(). `head.content_length` frames the body.
  virtual StreamId open(const RequestHead& head) = 0;
  virtual void send_body(StreamId, Buffer&&) = 0;
  virtual void send_complete(StreamId) = 0;
  // Gives the exchange up. For HTTP/1 the connection is finished with it.
  virtual void reset(StreamId, ResetReason) = 0;
  virtual void consumed(StreamId, size_t bytes) = 0;
  virtual size_t pending(StreamId) const = 0;

  // Consumes a prefix of `in`. An error is fatal for the connection.
  virtual absl::Status feed(Buffer& in) = 0;
  // The peer will send no more: completes a body that the close delimits, resets the rest.
  virtual void on_end_of_input() = 0;
  virtual void drain(Buffer& out) = 0;

  // Another exchange may begin now.
  virtual bool can_open() const = 0;
  // No exchange can begin on this connection any more.
  virtual bool is_finished() const = 0;
  virtual size_t active() const = 0;
};

}  // namespace omni
