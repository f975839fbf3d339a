// What a parsed head means: where the body ends, whether the connection lives on, and which fields
// are passed on. The one place for the rules against request smuggling (RFC 9112 sections 6, 11.2).
#pragma once

#include <cstdint>
#include <optional>

#include "api/http.h"
#include "source/http/fault.h"
#include "source/http/http1/head_parser.h"

namespace omni {

struct Framing {
  bool is_chunked = false;
  bool keeps_alive = true;
  bool expects_continue = false;
  bool is_old = false;  // HTTP/1.0
};

// Fill `framing` and `out`, or say what is wrong. A Transfer-Encoding other than exactly `chunked`
// is 501; a second Content-Length, or one beside a Transfer-Encoding, is 400.
Fault interpret_request(const ParsedHead& parsed, std::string_view scheme, Framing& framing,
                        RequestHead& out);
Fault interpret_response(const ParsedHead& parsed, Framing& framing, ResponseHead& out);

}  // namespace omni
