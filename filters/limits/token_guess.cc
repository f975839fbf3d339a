#include "filters/limits/token_guess.h"

#include <algorithm>
#include <string_view>

#include "source/json/writer.h"
#include "source/limits/rate_limit.h"
#include "source/llm/codec.h"
#include "source/llm/token_count.h"

namespace omni::filters {
namespace {

constexpr int64_t kBytesPerToken = 4;
constexpr int kMostChoices = 128;

TokenGuess by_length(std::string_view body) {
  return {.input = (static_cast<int64_t>(body.size()) + kBytesPerToken - 1) / kBytesPerToken};
}

}  // namespace

// The request is decoded for this alone: the call's own decoding waits for what the request
// continues, and would keep the body.
TokenGuess guess_tokens(const Facts& facts) {
  if (facts.endpoint == Endpoint::kCountTokens) return {};  // Nothing is generated.
  const std::string_view body = facts.call.body();
  if (facts.endpoint != Endpoint::kChat || !json::is_utf8(body)) return by_length(body);
  llm::Request request;
  if (llm::decode_request(facts.call.dialect(), body, request)) return by_length(body);
  // What a client writes may be any number.
  const int64_t most = std::clamp<int64_t>(request.max_tokens.value_or(0), 0, RateLimit::kMost);
  return {.input = llm::estimate_tokens(request),
          .output = most * std::clamp(request.choices, 1, kMostChoices)};
}

}  // namespace omni::filters
