#include "source/llm/gemini/error.h"

#include "source/base/strings.h"
#include "source/json/builder.h"

namespace omni::llm::gemini {
namespace {

struct Words {
  int status;
  std::string_view word, message;
};

constexpr Words kWords[] = {
    {400, "INVALID_ARGUMENT", "Bad request"},
    {401, "UNAUTHENTICATED", "API key not valid"},
    {402, "FAILED_PRECONDITION", "Payment required"},
    {403, "PERMISSION_DENIED", "Permission denied"},
    {404, "NOT_FOUND", "Model not found"},
    {408, "DEADLINE_EXCEEDED", "Request timed out"},
    {409, "ABORTED", "Conflict"},
    {413, "INVALID_ARGUMENT", "Request too large"},
    {429, "RESOURCE_EXHAUSTED", "Rate limit exceeded"},
    {499, "CANCELLED", "Request aborted"},
    {500, "INTERNAL", "Internal server error"},
    {501, "UNIMPLEMENTED", "Not implemented"},
    {502, "UNAVAILABLE", "Bad gateway - upstream provider error"},
    {503, "UNAVAILABLE", "Service temporarily unavailable"},
    {504, "DEADLINE_EXCEEDED", "Gateway timeout"},
    {529, "UNAVAILABLE", "Service temporarily unavailable"},
};

Words words_for(int status) {
  for (const Words& words : kWords)
    if (words.status == status) return words;
  if (status >= 500) return {status, "INTERNAL", "An error occurred"};
  return {status, "INVALID_ARGUMENT", "An error occurred"};
}

}  // namespace

std::string render_error(const Error& error) {
  const Words words = words_for(error.status);
  std::string out;
  json::Builder json(out);
  json.object().object("error").number("code", error.status);
  json.string("message", error.message.empty() ? words.message : std::string_view(error.message));
  json.string("status", words.word).end_object().end_object();
  return out;
}

Error parse_stream_error(std::string_view body) {
  Error error = parse_error(502, body);
  // The vendor's code is the HTTP status that it could not send any more.
  const int64_t code = parse_int(error.code).value_or(0);
  if (code < 400 || code > 599) return error;
  error.status = static_cast<int>(code);
  error.code.clear();
  return error;
}

}  // namespace omni::llm::gemini
