// HTTP messages as the program sees them, whatever version carried them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/headers.h"

namespace omni {

struct RequestHead {
  std::string method;     // As sent, case-sensitive (RFC 9110 section 9.1).
  std::string target;     // Path and query as sent: "/v1/models?x=1".
  std::string authority;  // Host, or :authority.
  std::string scheme;     // "http" or "https".
  // Without Host, pseudo-headers, hop-by-hop fields and content-length: codecs take these off when
  // they read a head, and leave out the last two when they write one.
  Headers headers;
  // The length the sender announced; nullopt when chunked or HTTP/2 without content-length.
  std::optional<uint64_t> content_length;
  bool has_body = false;  // False when headers are followed by complete at once.
};

struct ResponseHead {
  int status = 200;
  Headers headers;
  // As in RequestHead. Codecs frame by it; a nullopt body is chunked, or ends with the stream.
  std::optional<uint64_t> content_length;
};

// An answer made here instead of upstream. Neutral: it is rendered in the client's dialect.
struct LocalReply {
  int status = 500;
  std::string code;             // Stable word, listed in docs/errors.md: "model_not_found".
  std::string message;          // One sentence for a person; never holds a secret.
  std::string param;            // The field at fault in the client's terms, or empty.
  int retry_after_seconds = 0;  // 0: no Retry-After.
  std::vector<std::pair<std::string, std::string>> headers;  // Extra ones, names lower case.
  std::string type;  // A provider's own word for the kind of error; empty: what the status says.
  // More for programs: members of the body's outermost object, as JSON. Not said in a stream.
  std::string members;
};

}  // namespace omni
