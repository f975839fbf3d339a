#include "source/llm/anthropic/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "source/json/builder.h"

namespace omni::llm::anthropic {
namespace {

constexpr std::array<std::string_view, 10> kTypes = {
    "invalid_request_error", "authentication_error", "billing_error",    "permission_error",
    "not_found_error",       "request_too_large",    "rate_limit_error", "api_error",
    "overloaded_error",      "timeout_error"};

std::string_view type_of(const Error& error) {
  if (std::find(kTypes.begin(), kTypes.end(), error.type) != kTypes.end()) return error.type;
  switch (error.status) {
    case 401:
      return "authentication_error";
    case 402:
      return "billing_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 503:
    case 529:
      return "overloaded_error";
    case 504:
      return "timeout_error";
    default:
      return error.status >= 500 ? "api_error" : "invalid_request_error";
  }
}

}  // namespace

std::string render_error(const Error& error) {
  std::string out;
  json::Builder json(out);
  json.object().string("type", "error").object("error").string("type", type_of(error));
  json.string("message", error.message.empty() ? "An error occurred" : error.message);
  // Beyond the vendor's own: the word a program can act upon.
  if (!error.code.empty()) json.string("code", error.code);
  json.end_object().end_object();
  return out;
}

std::string render_stream_error(const Error& error) {
  return fmt::format("event: error\ndata: {}\n\n", render_error(error));
}

}  // namespace omni::llm::anthropic
