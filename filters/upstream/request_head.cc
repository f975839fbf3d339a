#include "filters/upstream/request_head.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace omni::filters {
namespace {

// Client headers with a meaning at the provider (OpenAI API reference, "Authentication" and beta
// notes).
constexpr std::string_view kPassedUp[] = {"openai-organization", "openai-project", "openai-beta",
                                          "user-agent"};

constexpr std::string_view kDroppedDown[] = {"set-cookie",
                                             "alt-svc",
                                             "strict-transport-security",
                                             "server",
                                             "proxy-authenticate",
                                             "proxy-authentication-info",
                                             "via",
                                             "cf-ray",
                                             "cf-cache-status",
                                             "report-to",
                                             "nel",
                                             "access-control-allow-origin",
                                             "access-control-expose-headers"};

}  // namespace

RequestHead make_request_head(const Exchange& exchange, const Target& target, uint64_t body_bytes) {
  const Headers& client = const_cast<Exchange&>(exchange).request().headers;
  const BaseUrl& base = target.provider->base;
  RequestHead head;
  head.method = "POST";
  constexpr std::string_view kPath = "/chat/completions";
  head.target.reserve(base.path.size() + kPath.size());
  head.target.append(base.path).append(kPath);
  head.scheme = base.origin.tls ? "https" : "http";
  head.content_length = body_bytes;
  head.has_body = true;
  head.headers.reserve(8, 512);
  if (target.account != nullptr && !target.account->header_name.empty())
    head.headers.add(target.account->header_name, target.account->header_value.reveal());
  head.headers.add("content-type", "application/json");
  head.headers.add("accept", const_cast<Exchange&>(exchange).facts().call.wants_stream()
                                 ? "text/event-stream"
                                 : "application/json");
  // What is read on the way back must be readable.
  head.headers.add("accept-encoding", "identity");
  for (const std::string_view name : kPassedUp)
    if (const auto value = client.get(name)) head.headers.add(name, *value);
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
