// One HTTP/2 stream as the session keeps it, for either side.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "api/codec.h"

namespace omni {

struct Http2Stream {
  explicit Http2Stream(StreamId stream_id) : id(stream_id) {}

  const StreamId id;

  // The head being received.
  std::string method, target, scheme, authority, host;
  int status = 0;
  Headers headers;
  std::optional<uint64_t> content_length;
  bool expects_continue = false;
  bool has_odd_expectation = false;
  size_t header_bytes = 0;  // Name, value and 32 each, as SETTINGS_MAX_HEADER_LIST_SIZE counts.
  size_t header_count = 0;
  bool is_too_large = false;
  bool is_head_request = false;
  int informational = 0;

  // Body bytes that were handed on and hold the windows down.
  size_t unconsumed = 0;

  // What is sent.
  Buffer out;
  std::optional<uint64_t> out_left;  // Of an announced length.
  bool out_has_body = false;         // Else the head ended our side.
  bool out_ended = false;
  bool is_deferred = false;  // nghttp2 waits for resume.

  bool head_received = false;
  bool peer_ended = false;
  bool head_sent = false;
  bool was_reported = false;  // The owner's events know it.
  bool is_over = false;       // No further event and no further send.
  bool is_own_reset = false;  // An RST_STREAM of ours that the peer did not cause.
  bool is_closed = false;     // nghttp2 has closed it.
  bool is_forgotten = true;   // No exchange object stands behind it.
  bool is_open = false;       // Counted by the session.
  bool drops = false;         // It is answered, and what still comes of the request is dropped.
  size_t dropped = 0;
};

}  // namespace omni
