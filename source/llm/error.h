// Errors in the client's own dialect.
#pragma once

#include <string>
#include <string_view>

#include "source/catalog/dialect.h"

namespace omni::llm {

// One error, neutral. `type` may be empty: the dialect's word for the status is used.
struct Error {
  int status = 500;
  std::string type;
  std::string code;
  std::string message;
  std::string param;
  // Seconds to wait, where the body says so instead of a header, as `retry_after` or in a
  // google.rpc.RetryInfo; 0: not said.
  int retry_after = 0;
};

// The body of an answer with `error.status`.
std::string render_error(Dialect dialect, const Error& error);
// The same as an event of a stream that is open already, blank line included.
std::string render_stream_error(Dialect dialect, const Error& error);

// Reads an upstream's error body of any shape: {"error":{...}}, {"error":"text"}, {"message":...},
// {"detail":...}, plain text or HTML. The message is one line of at most 4,096 bytes, the other
// words of 256.
Error parse_error(int status, std::string_view body);

// Replaces what looks like a credential, and `secret` wherever it stands, by "***".
std::string mask_secrets(std::string_view text, std::string_view secret);

}  // namespace omni::llm
