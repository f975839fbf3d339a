// Every path that clients ask for: its methods, what it is for and whose dialect it speaks.
#pragma once

#include <absl/types/span.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "api/exchange.h"

namespace omni {

enum Methods : uint8_t { kGet = 1, kPost = 2, kDelete = 4 };

struct EndpointRow {
  // At most one placeholder: {x} stands for one segment, {x*} for one or more of them.
  std::string_view pattern;
  uint8_t methods;
  Endpoint endpoint;
  Dialect dialect;
};

// All of them; where several match a path, the first does. The document in api/openapi.yaml is
// tested against this table.
absl::Span<const EndpointRow> client_endpoints();

// What a canonical path means for a client.
struct EndpointMatch {
  const EndpointRow* row = nullptr;    // Null when nothing is served there, or not by that method.
  std::string_view placeholder;        // What stands for it: a view of the path, not decoded.
  uint8_t allowed = 0;                 // What may be done at this path; 0: there is nothing.
  Dialect dialect = Dialect::kOpenai;  // Of whoever asks there, whatever it does.
};
// HEAD is GET.
EndpointMatch find_endpoint(std::string_view path, std::string_view method);

// "GET, HEAD, DELETE, OPTIONS".
std::string allow_header(uint8_t methods);

}  // namespace omni
