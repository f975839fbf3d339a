// What a head means: where the body ends, whether the connection lives on, and which fields are
// passed on. The one place for the rules against request smuggling (RFC 9112 sections 6, 11.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"
#include "source/http/fault.h"
#include "source/http/vocabulary.h"

namespace omni {

// The fields that decide about the message itself, gathered while the others are copied.
struct SpecialFields {
  // `padding` is the white space behind the value.
  void take(FieldKind kind, std::string_view value, std::string_view padding);

  int hosts = 0;
  int content_lengths = 0;
  int transfer_encodings = 0;
  int expects = 0;
  bool is_chunked = false;       // The last Transfer-Encoding is that and nothing else.
  bool is_100_continue = false;  // So is the last Expect.
  bool says_close = false;       // Of Connection.
  bool says_keep_alive = false;
  std::optional<uint64_t> content_length;  // The last one; nullopt when it is not a number.
  std::vector<std::string> of_one_hop;     // Names, lower case, that Connection lists.
};

// Every line of a head.
struct HeadLines {
  void clear();

  std::string method, target, host;  // Of a request; the last Host.
  int status = 0;                    // Of a response.
  bool is_old = false;               // HTTP/1.0
  Headers headers;
  SpecialFields special;
};

struct Framing {
  bool is_chunked = false;
  bool keeps_alive = true;
  bool expects_continue = false;
  bool is_old = false;
};

// Move `lines` to `out` and fill `framing`, or say what is wrong. A Transfer-Encoding other than
// exactly `chunked` is 501; a second Content-Length, or one beside a Transfer-Encoding, is 400.
Fault interpret_request(HeadLines&& lines, std::string_view scheme, Framing& framing,
                        RequestHead& out);
Fault interpret_response(HeadLines&& lines, Framing& framing, ResponseHead& out);

}  // namespace omni
