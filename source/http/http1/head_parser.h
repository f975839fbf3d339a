// llhttp over a head that the guard has passed: fields as views into it.
#pragma once

#include <absl/container/inlined_vector.h>

#include <string_view>

#include "source/http/fault.h"

namespace omni {

// Views of the head that was parsed.
struct ParsedHead {
  struct Field {
    std::string_view name, value;  // As sent; the value without white space around it.
  };

  std::string_view method, target;  // Of a request.
  int status = 0;                   // Of a response.
  int minor_version = 1;            // HTTP/1.x
  absl::InlinedVector<Field, 24> fields;
};

// `head` runs from the first line to the closing empty line, which both are included.
Fault parse_request_head(std::string_view head, ParsedHead& out);
Fault parse_response_head(std::string_view head, ParsedHead& out);

}  // namespace omni
