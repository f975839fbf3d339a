#include "source/llm/openai/error.h"

#include "source/json/writer.h"

namespace omni::llm::openai {
namespace {

struct Words {
  int status;
  std::string_view type, code, message;
};

constexpr Words kWords[] = {
    {400, "invalid_request_error", "bad_request", "Bad request"},
    {401, "authentication_error", "invalid_api_key", "Invalid API key provided"},
    {402, "billing_error", "payment_required", "Payment required"},
    {403, "permission_error", "insufficient_quota", "You exceeded your current quota"},
    {404, "invalid_request_error", "model_not_found", "Model not found"},
    {406, "invalid_request_error", "model_not_supported", "Model not supported"},
    {429, "rate_limit_error", "rate_limit_exceeded", "Rate limit exceeded"},
    {499, "invalid_request_error", "", "Request aborted"},
    {500, "server_error", "internal_server_error", "Internal server error"},
    {502, "server_error", "bad_gateway", "Bad gateway - upstream provider error"},
    {503, "server_error", "service_unavailable", "Service temporarily unavailable"},
    {504, "server_error", "gateway_timeout", "Gateway timeout"},
};

Words words_for(int status) {
  for (const Words& words : kWords)
    if (words.status == status) return words;
  if (status >= 500) return {status, "server_error", "internal_server_error", "An error occurred"};
  return {status, "invalid_request_error", "", "An error occurred"};
}

void append_or_null(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += "null";
  } else {
    json::append_quoted(out, text);
  }
}

}  // namespace

std::string render_error(const Error& error) {
  const Words words = words_for(error.status);
  std::string out = R"({"error":{"message":)";
  json::append_quoted(out, error.message.empty() ? words.message : std::string_view(error.message));
  out += R"(,"type":)";
  json::append_quoted(out, error.type.empty() ? words.type : std::string_view(error.type));
  out += R"(,"param":)";
  append_or_null(out, error.param);
  out += R"(,"code":)";
  append_or_null(out, error.code.empty() ? words.code : std::string_view(error.code));
  out += "}}";
  return out;
}

}  // namespace omni::llm::openai
