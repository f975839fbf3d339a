#include "source/llm/responses/error.h"

#include "source/json/builder.h"
#include "source/llm/openai/error.h"

namespace omni::llm::responses {

std::string failure_code(const Error& error) {
  if (error.status == 429) return "rate_limit_exceeded";
  return error.code.empty() ? "server_error" : error.code;
}

std::string render_stream_error(const Error& error) {
  std::string out = "event: error\ndata: ";
  json::Builder json(out);
  json.object().string("type", "error").number("sequence_number", 0);
  json.string("code", failure_code(error));
  json.string("message", error.message.empty() ? "The answer could not be finished."
                                               : std::string_view(error.message));
  if (error.param.empty()) {
    json.null("param");
  } else {
    json.string("param", error.param);
  }
  // {"error":{...}} without its outer braces.
  const std::string plain = openai::render_error(error);
  out += ',';
  out.append(plain, 1, plain.size() - 2);
  out += "}\n\n";
  return out;
}

}  // namespace omni::llm::responses
