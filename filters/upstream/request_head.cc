#include "filters/upstream/request_head.h"

#include <absl/types/span.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "filters/upstream/embedding_try.h"
#include "filters/upstream/rendered_request.h"
#include "source/base/strings.h"

namespace omni::filters {
namespace {

// Client headers with a meaning at a provider of the client's own dialect (the vendors' API
// references: authentication, versions and beta features).
constexpr std::string_view kOpenaiPassed[] = {"openai-organization", "openai-project",
                                              "openai-beta"};
constexpr std::string_view kAnthropicPassed[] = {"anthropic-version", "anthropic-beta"};

absl::Span<const std::string_view> passed_up(Dialect dialect) {
  if (dialect == Dialect::kOpenai || dialect == Dialect::kOpenaiResponses) return kOpenaiPassed;
  if (dialect == Dialect::kAnthropic) return kAnthropicPassed;
  return {};
}

void append_count_path(std::string& out, const Target& target) {
  if (target.provider->dialect == Dialect::kGemini)
    out += "/models/" + percent_encoded(target.model) + ":countTokens";
  else if (target.provider->dialect == Dialect::kOpenaiResponses)
    out += "/responses/input_tokens";
  else
    out += "/messages/count_tokens";
}

// Appends what the provider's base_url is followed by.
void append_path(std::string& out, const Target& target, Dialect spoken, bool is_stream) {
  switch (spoken) {
    case Dialect::kOpenai:
    case Dialect::kOpenaiText:
      out += "/chat/completions";
      return;
    case Dialect::kOllamaGenerate:
      out += "/api/generate";
      return;
    case Dialect::kOpenaiResponses:
      out += "/responses";
      return;
    case Dialect::kAnthropic:
      out += "/messages";
      return;
    case Dialect::kOllama:
      out += "/api/chat";
      return;
    case Dialect::kGemini:
      out += "/models/";
      out += percent_encoded(target.model);
      out += is_stream ? ":streamGenerateContent?alt=sse" : ":generateContent";
  }
}

bool speaks_openai(Dialect dialect) {
  return family_of(dialect) == Dialect::kOpenai || dialect == Dialect::kOpenaiResponses;
}

constexpr std::string_view kDroppedDown[] = {
    "set-cookie", "alt-svc", "strict-transport-security", "server", "proxy-authenticate",
    "proxy-authentication-info", "via", "cf-ray", "cf-cache-status", "report-to", "nel",
    "access-control-allow-origin", "access-control-expose-headers",
    // Of a provider that is such a gateway itself.
    "x-omniroute-request-id", "x-omniroute-receipt", "x-omniroute-session-id",
    "x-omniroute-response-cost"};

// What may be asked of a kept response; nothing else of the client's query leaves.
void append_kept_path(std::string& out, const Facts& facts, std::string_view target) {
  out += "/responses/" + percent_encoded(facts.resource);
  if (facts.endpoint == Endpoint::kResponseItems) out += "/input_items";
  if (facts.endpoint == Endpoint::kCancelResponse) out += "/cancel";
  char before = '?';
  for (const std::string_view name : {"stream", "starting_after", "include_obfuscation", "include",
                                      "include[]", "limit", "order", "after"}) {
    const auto value = query_value(target, name);
    if (!value) continue;
    out += std::exchange(before, '&');
    out += percent_encoded(name) + "=" + percent_encoded(*value);
  }
}

RequestHead begin_head(const Headers& client, const Target& target) {
  RequestHead head;
  head.target.reserve(target.provider->base.path.size() + 32);
  head.target = target.provider->base.path;
  head.scheme = target.provider->base.origin.tls ? "https" : "http";
  head.headers.reserve(8, 512);
  if (target.account != nullptr && !target.account->header_name.empty())
    head.headers.add(target.account->header_name, target.account->header_value.reveal());
  // What is read on the way back must be readable.
  head.headers.add("accept-encoding", "identity");
  if (const auto agent = client.get("user-agent")) head.headers.add("user-agent", *agent);
  return head;
}

}  // namespace

RequestHead make_kept_request_head(const Exchange& exchange, const Target& target) {
  const RequestHead& asked = const_cast<Exchange&>(exchange).request();
  const Facts& facts = const_cast<Exchange&>(exchange).facts();
  RequestHead head = begin_head(asked.headers, target);
  head.method = asked.method == "HEAD" ? "GET" : asked.method;
  append_kept_path(head.target, facts, asked.target);
  if (head.method == "POST") {
    head.content_length = 0;
    head.has_body = true;
  }
  const bool is_stream = query_value(asked.target, "stream").value_or("") == "true";
  head.headers.add("accept", is_stream ? "text/event-stream" : "application/json");
  for (const std::string_view name : kOpenaiPassed)
    if (const auto value = asked.headers.get(name)) head.headers.add(name, *value);
  return head;
}

RequestHead make_request_head(const Exchange& exchange, const Target& target, uint64_t body_bytes) {
  const Headers& client = const_cast<Exchange&>(exchange).request().headers;
  RequestHead head = begin_head(client, target);
  head.method = "POST";
  const Facts& facts = const_cast<Exchange&>(exchange).facts();
  const llm::Call& call = facts.call;
  const Dialect dialect = target.provider->dialect;
  if (facts.endpoint == Endpoint::kCountTokens) {
    append_count_path(head.target, target);
  } else if (facts.endpoint == Endpoint::kEmbed) {
    append_embedding_path(head.target, facts, target);
  } else {
    append_path(head.target, target, asked_in(*target.provider, call), call.wants_stream());
  }
  head.content_length = body_bytes;
  head.has_body = true;
  head.headers.add("content-type", "application/json");
  head.headers.add("accept", call.wants_stream() && dialect != Dialect::kOllama
                                 ? "text/event-stream"
                                 : "application/json");
  const bool is_kin =
      dialect == call.dialect() || (speaks_openai(dialect) && speaks_openai(call.dialect()));
  if (is_kin)
    for (const std::string_view name : passed_up(dialect))
      if (const auto value = client.get(name)) head.headers.add(name, *value);
  if (dialect == Dialect::kAnthropic && !head.headers.get("anthropic-version"))
    head.headers.add("anthropic-version", "2023-06-01");
  return head;
}

void clean_response_head(ResponseHead& head, bool is_stream) {
  head.headers.remove_if([](std::string_view name) {
    return std::find(std::begin(kDroppedDown), std::end(kDroppedDown), name) !=
           std::end(kDroppedDown);
  });
  if (!is_stream) return;
  head.content_length.reset();
  head.headers.set("cache-control", "no-cache");
  // Proxies in front of us would otherwise gather events.
  head.headers.set("x-accel-buffering", "no");
}

}  // namespace omni::filters
