#include "source/llm/ollama/error.h"

#include "source/json/builder.h"

namespace omni::llm::ollama {
namespace {

std::string_view message_for(int status) {
  switch (status) {
    case 400:
      return "bad request";
    case 401:
      return "unauthorized";
    case 404:
      return "model not found";
    case 429:
      return "rate limit exceeded";
    case 503:
      return "service temporarily unavailable";
    case 504:
      return "gateway timeout";
    default:
      return status >= 500 ? "internal server error" : "an error occurred";
  }
}

}  // namespace

std::string render_error(const Error& error) {
  std::string out;
  json::Builder(out)
      .object()
      .string("error",
              error.message.empty() ? message_for(error.status) : std::string_view(error.message))
      .end_object();
  return out;
}

}  // namespace omni::llm::ollama
