#include "source/server/endpoints.h"

#include "source/http/path.h"

namespace omni {
namespace {

using D = Dialect;
using E = Endpoint;

// Gemini's clients ask below /v1beta or, where they take the vendor's stable version, below /v1
// (ai.google.dev/gemini-api/docs/api-versions). MODEL may be PROVIDER/MODEL.
constexpr EndpointRow kRows[] = {
    {"/v1/chat/completions", kPost, E::kChat, D::kOpenai},
    {"/v1/messages", kPost, E::kChat, D::kAnthropic},
    {"/v1/responses", kPost, E::kChat, D::kOpenaiResponses},
    {"/v1/api/chat", kPost, E::kChat, D::kOllama},
    {"/v1/completions", kPost, E::kChat, D::kOpenaiText},
    {"/v1/api/generate", kPost, E::kChat, D::kOllamaGenerate},
    {"/v1beta/models/{model*}:generateContent", kPost, E::kChat, D::kGemini},
    {"/v1beta/models/{model*}:streamGenerateContent", kPost, E::kChat, D::kGemini},
    {"/v1/models/{model*}:generateContent", kPost, E::kChat, D::kGemini},
    {"/v1/models/{model*}:streamGenerateContent", kPost, E::kChat, D::kGemini},
    {"/v1/responses/{id}/input_items", kGet, E::kResponseItems, D::kOpenaiResponses},
    {"/v1/responses/{id}/cancel", kPost, E::kCancelResponse, D::kOpenaiResponses},
    {"/v1/messages/count_tokens", kPost, E::kCountTokens, D::kAnthropic},
    {"/v1/responses/input_tokens", kPost, E::kCountTokens, D::kOpenaiResponses},
    {"/v1/responses/{id}", kGet | kDelete, E::kResponse, D::kOpenaiResponses},
    {"/v1beta/models/{model*}:countTokens", kPost, E::kCountTokens, D::kGemini},
    {"/v1/models/{model*}:countTokens", kPost, E::kCountTokens, D::kGemini},
    {"/v1/embeddings", kPost, E::kEmbed, D::kOpenai},
    {"/v1/api/embed", kPost, E::kEmbed, D::kOllama},
    {"/v1/api/embeddings", kPost, E::kEmbed, D::kOllama},
    {"/v1beta/models/{model*}:embedContent", kPost, E::kEmbed, D::kGemini},
    {"/v1beta/models/{model*}:batchEmbedContents", kPost, E::kEmbed, D::kGemini},
    {"/v1/models/{model*}:embedContent", kPost, E::kEmbed, D::kGemini},
    {"/v1/models/{model*}:batchEmbedContents", kPost, E::kEmbed, D::kGemini},
    {"/v1/messages/batches", kGet | kPost, E::kNotOffered, D::kAnthropic},
    {"/v1/messages/batches/{id*}", kGet | kPost | kDelete, E::kNotOffered, D::kAnthropic},
    {"/v1/providers/{provider}/messages/count_tokens", kPost, E::kCountTokens, D::kAnthropic},
    {"/v1/providers/{provider}/chat/completions", kPost, E::kChat, D::kOpenai},
    {"/v1/providers/{provider}/messages", kPost, E::kChat, D::kAnthropic},
    {"/v1/providers/{provider}/responses", kPost, E::kChat, D::kOpenaiResponses},
    {"/v1/providers/{provider}/embeddings", kPost, E::kEmbed, D::kOpenai},
    {"/v1/providers/{provider}/models", kGet, E::kModels, D::kOpenai},
    {"/v1", kGet, E::kModels, D::kOpenai},
    {"/v1/models", kGet, E::kModels, D::kOpenai},
    {"/v1/models/{model*}", kGet, E::kModel, D::kOpenai},
    {"/v1beta/models", kGet, E::kModels, D::kGemini},
    {"/v1beta/models/{model*}", kGet, E::kModel, D::kGemini},
    {"/v1/api/tags", kGet, E::kModels, D::kOllama},
    {"/v1/api/ps", kGet, E::kRunning, D::kOllama},
    {"/v1/api/show", kPost, E::kShowModel, D::kOllama},
    {"/v1/api/version", kGet, E::kVersion, D::kOllama},
};

// What of `path` stands for the placeholder of `pattern`; a null view when it does not match.
std::string_view match(std::string_view pattern, std::string_view path, bool& matches) {
  const size_t open = pattern.find('{');
  matches = false;
  if (open == std::string_view::npos) {
    matches = path == pattern;
    return {};
  }
  const size_t close = pattern.find('}', open);
  const bool takes_slashes = pattern[close - 1] == '*';
  const std::string_view before = pattern.substr(0, open), after = pattern.substr(close + 1);
  if (path.size() <= before.size() + after.size()) return {};
  if (path.substr(0, before.size()) != before || path.substr(path.size() - after.size()) != after)
    return {};
  path.remove_prefix(before.size());
  path.remove_suffix(after.size());
  matches = takes_slashes || path.find('/') == std::string_view::npos;
  return path;
}

// Where nothing is served.
Dialect dialect_of_stray(std::string_view path) {
  if (is_below(path, "/v1/messages")) return Dialect::kAnthropic;
  if (is_below(path, "/v1/responses")) return Dialect::kOpenaiResponses;
  if (is_below(path, "/v1beta")) return Dialect::kGemini;
  return is_below(path, "/v1/api") ? Dialect::kOllama : Dialect::kOpenai;
}

uint8_t bit_of(std::string_view method) {
  if (method == "POST") return kPost;
  if (method == "GET" || method == "HEAD") return kGet;
  return method == "DELETE" ? kDelete : 0;
}

}  // namespace

absl::Span<const EndpointRow> client_endpoints() { return kRows; }

EndpointMatch find_endpoint(std::string_view path, std::string_view method) {
  const uint8_t wanted = bit_of(method);
  EndpointMatch found{.dialect = dialect_of_stray(path)};
  std::string_view pattern;
  for (const EndpointRow& row : kRows) {
    // One path may have a row for each of its methods; a vaguer pattern says nothing about it.
    if (!pattern.empty() && row.pattern != pattern) continue;
    bool matches = false;
    const std::string_view placeholder = match(row.pattern, path, matches);
    if (!matches) continue;
    pattern = row.pattern;
    found.dialect = row.dialect;
    found.allowed |= row.methods;
    if ((row.methods & wanted) == 0) continue;
    found.row = &row;
    found.placeholder = placeholder;
    return found;
  }
  return found;
}

std::string allow_header(uint8_t methods) {
  std::string out;
  if ((methods & kGet) != 0) out += "GET, HEAD, ";
  if ((methods & kPost) != 0) out += "POST, ";
  if ((methods & kDelete) != 0) out += "DELETE, ";
  return out + "OPTIONS";
}

}  // namespace omni
