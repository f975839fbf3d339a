// What a peer did wrong, as the status that says so. Made by the codecs before any exchange exists.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

namespace omni {

// `status` is 0 when nothing is wrong. `why` is a literal: one sentence without quotes.
struct Fault {
  int status = 0;
  const char* why = "";

  explicit operator bool() const { return status != 0; }
};

// The stable word for the fault: "bad_request", "headers_too_large".
std::string_view fault_code(const Fault& fault);
// The answer's body, in OpenAI's shape: what every client library can show.
std::string fault_body(const Fault& fault);
// The same for logs and for the end of the connection.
absl::Status fault_status(const Fault& fault);

}  // namespace omni
