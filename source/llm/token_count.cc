#include "source/llm/token_count.h"

#include <fmt/format.h>

#include "source/json/edit.h"
#include "source/json/skim.h"
#include "source/json/writer.h"

namespace omni::llm {
namespace {

constexpr int64_t kBytesPerToken = 4, kPerMessage = 4, kPerMedium = 1000;

int64_t bytes_of(const std::vector<Part>& parts, int64_t& media) {
  int64_t bytes = 0;
  for (const Part& part : parts) {
    bytes += static_cast<int64_t>(part.text.inside().size() + part.name.inside().size() +
                                  part.arguments.size() + part.arguments_text.inside().size());
    if (part.kind == PartKind::kOpaque) bytes += static_cast<int64_t>(part.raw.size());
    if (!part.media.is_empty()) ++media;
    bytes += bytes_of(part.content, media);
  }
  return bytes;
}

std::string_view key_of(Dialect provider) {
  return provider == Dialect::kGemini ? "totalTokens" : "input_tokens";
}

}  // namespace

bool can_count(Dialect provider) {
  return provider == Dialect::kAnthropic || provider == Dialect::kGemini ||
         provider == Dialect::kOpenaiResponses;
}

void make_count_request(Dialect provider, std::string_view model, std::string& body) {
  if (provider == Dialect::kGemini) {
    const std::string name = json::quoted(fmt::format("models/{}", model));
    json::set_member(body, {"model"}, name);
    body = fmt::format(R"({{"generateContentRequest":{}}})", body);
    return;
  }
  for (const std::string_view key :
       {"max_tokens", "max_output_tokens", "max_tool_calls", "stream", "stream_options", "store",
        "background", "temperature", "top_p", "top_k", "top_logprobs", "stop_sequences", "metadata",
        "user", "include", "service_tier", "prompt_cache_key", "prompt_cache_retention",
        "safety_identifier"})
    json::remove_member(body, {&key, 1});
}

std::optional<int64_t> read_count(Dialect provider, std::string_view body) {
  const std::string_view key = key_of(provider);
  const std::optional<json::Skimmed> count = json::find_member(body, {&key, 1});
  if (!count || count->kind != json::Kind::kNumber) return std::nullopt;
  const absl::StatusOr<int64_t> tokens = count->integer();
  if (!tokens.ok() || *tokens < 0) return std::nullopt;
  return *tokens;
}

std::string render_count(Dialect client, int64_t tokens, bool is_estimate) {
  const std::string_view mark = is_estimate ? R"(,"estimated":true)" : "";
  const std::string_view object =
      client == Dialect::kOpenaiResponses ? R"("object":"response.input_tokens",)" : "";
  return fmt::format(R"({{{}"{}":{}{}}})", object, key_of(client), tokens, mark);
}

int64_t estimate_tokens(const Request& request) {
  int64_t bytes = 0, media = 0;
  for (const Message& message : request.messages) bytes += bytes_of(message.parts, media);
  for (const Tool& tool : request.tools)
    if (tool.kind != Tool::Kind::kSpace)
      bytes += static_cast<int64_t>(tool.name.inside().size() + tool.description.inside().size() +
                                    tool.schema.size() + tool.raw.size());
  bytes += static_cast<int64_t>(request.format.schema.size());
  return (bytes + kBytesPerToken - 1) / kBytesPerToken + media * kPerMedium +
         static_cast<int64_t>(request.messages.size()) * kPerMessage;
}

}  // namespace omni::llm
