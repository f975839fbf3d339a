// Heads read the way they were before we had a reader of our own: a guard that knows the rules of
// RFC 9112 line by line, then llhttp, then their meaning. Slow and plain on purpose: what our
// reader accepts is compared with this, by tests and by a fuzz target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/codec.h"
#include "api/http.h"
#include "source/http/fault.h"
#include "source/http/http1/framing.h"

namespace omni::test {

enum class HeadType : uint8_t { kRequest, kResponse, kTrailers };

struct OracleHead {
  bool is_complete = false;  // Else refused, if `fault` says so, or more is needed.
  Fault fault;
  size_t size = 0;  // Of a complete head.
  Framing framing;
  RequestHead request;
  ResponseHead response;
};

// The head that `bytes` begins with.
OracleHead read_head_by_llhttp(HeadType type, std::string_view bytes, const CodecLimits& limits);

}  // namespace omni::test
