#include "source/http/local_reply.h"

#include <fmt/format.h>

#include <string>

#include "source/llm/error.h"

namespace omni {

Buffer render_local_reply(Dialect dialect, const LocalReply& reply, ResponseHead& head) {
  std::string body = llm::render_error(dialect, {.status = reply.status,
                                                 .type = reply.type,
                                                 .code = reply.code,
                                                 .message = reply.message,
                                                 .param = reply.param});
  if (!reply.members.empty() && body.size() > 2 && body.back() == '}')
    body.insert(body.size() - 1, "," + reply.members);
  head = ResponseHead();
  head.status = reply.status;
  head.content_length = body.size();
  head.headers.add("content-type", "application/json");
  if (reply.retry_after_seconds > 0)
    head.headers.add("retry-after", std::to_string(reply.retry_after_seconds));
  for (const auto& [name, value] : reply.headers) head.headers.add(name, value);
  return Buffer(body);
}

LocalReply body_too_large(size_t limit_bytes) {
  return {.status = 413,
          .code = "request_too_large",
          .message = fmt::format("The request body is larger than {} bytes.", limit_bytes)};
}

// RFC 9110 section 15.5.16: Accept-Encoding in the answer tells what may be sent instead.
LocalReply body_coded(std::string_view content_encoding) {
  return {.status = 415,
          .code = "unsupported_content_encoding",
          .message = fmt::format("The request body has the content encoding '{}'. Bodies are read "
                                 "without one: send it uncompressed.",
                                 content_encoding.substr(0, 40)),
          .headers = {{"accept-encoding", "identity"}}};
}

}  // namespace omni
