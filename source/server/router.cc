#include "source/server/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/snapshot.h"
#include "source/admin/access.h"
#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/http/path.h"
#include "source/server/client_gate.h"
#include "source/server/endpoints.h"

namespace omni {
namespace {

bool is_read(std::string_view method) { return method == "GET" || method == "HEAD"; }

Entry refuse(int status, std::string_view code, std::string message) {
  Entry entry;
  entry.refusal =
      LocalReply{.status = status, .code = std::string(code), .message = std::move(message)};
  return entry;
}

Entry not_found(std::string_view path) {
  return refuse(404, "not_found", fmt::format("There is nothing at {}.", path));
}

Entry wrong_method(std::string_view method, std::string_view allow) {
  Entry entry = refuse(405, "method_not_allowed",
                       fmt::format("{} is not allowed here; use {}.", method, allow));
  entry.refusal->headers.emplace_back("allow", std::string(allow));
  return entry;
}

Entry answer(int status, std::string_view body, std::string_view type = "application/json") {
  Entry entry;
  entry.answer = ResponseHead{.status = status};
  if (!body.empty()) entry.answer->headers.add("content-type", type);
  entry.answer_body = body;
  return entry;
}

// A wildcard does not stand for Authorization (fetch.spec.whatwg.org, "CORS-preflight fetch"), so
// what is asked for is named beside it.
std::string allowed_headers(const RequestHead& head) {
  const std::string_view asked = head.headers.value("access-control-request-headers");
  return asked.empty() ? "*" : fmt::format("*, {}", asked);
}

Entry preflight(const Settings& settings, const RequestHead& head, uint8_t allowed) {
  Entry entry = answer(204, "");
  entry.answer->headers.add("access-control-allow-origin", settings.cors_allow_origin);
  const bool may_delete = (allowed & kDelete) != 0;
  entry.answer->headers.add("access-control-allow-methods",
                            may_delete ? "GET, POST, DELETE, OPTIONS" : "GET, POST, OPTIONS");
  entry.answer->headers.add("access-control-allow-headers", allowed_headers(head));
  entry.answer->headers.add("access-control-max-age", "86400");
  return entry;
}

Entry health(std::string_view path, std::string_view method, const RouterState& state) {
  if (!is_read(method)) return wrong_method(method, "GET, HEAD");
  if (path == "/healthz") return answer(200, R"({"status":"ok"})");
  if (state.ready.load(std::memory_order_relaxed)) return answer(200, R"({"status":"ready"})");
  return answer(503, R"({"status":"draining"})");
}

bool is_streaming(const EndpointRow& row) {
  return row.pattern.find(":stream") != std::string_view::npos;
}

// Gemini names the model and decides about the stream in the path
// (ai.google.dev/api/generate-content).
void take_placeholder(const EndpointMatch& match, std::string_view target, Facts& facts) {
  std::string text = percent_decoded(match.placeholder);
  if (match.row->pattern.find("{provider}") != std::string_view::npos) {
    facts.provider = std::move(text);
  } else if (facts.endpoint == Endpoint::kChat || facts.endpoint == Endpoint::kCountTokens ||
             facts.endpoint == Endpoint::kEmbed) {
    const bool stream = is_streaming(*match.row);
    facts.call.set_path_model(std::move(text), stream,
                              stream && query_value(target, "alt") != "sse");
  } else {
    facts.resource = std::move(text);
  }
}

// The listing is at one path for three vendors; what their libraries send tells them apart.
Dialect listing_dialect(const RequestHead& head) {
  if (head.headers.get("anthropic-version")) return Dialect::kAnthropic;
  if (head.headers.get("x-goog-api-key") || head.headers.get("x-goog-api-client"))
    return Dialect::kGemini;
  return Dialect::kOpenai;
}

bool is_management(std::string_view path) {
  return is_below(path, "/metrics") || is_below(path, "/api") || is_below(path, "/dashboard");
}

Entry client_path(Exchange& exchange, const Door& door, const ListenerRoutes& listener) {
  Facts& facts = exchange.facts();
  const RequestHead& head = exchange.request();
  const EndpointMatch match = find_endpoint(facts.path, head.method);
  const EndpointRow* row = match.row;
  facts.call.set_dialect(match.dialect);
  // Before anything is told, what there is and what there is not included.
  if (std::optional<LocalReply> refusal = refuse_client(exchange, door)) {
    Entry entry;
    entry.refusal = std::move(refusal);
    return entry;
  }
  const Route* route = listener.match(facts.path);
  if (route == nullptr) return not_found(facts.path);
  if (head.method == "OPTIONS") return preflight(exchange.snapshot().settings, head, match.allowed);
  if (match.allowed == 0) return not_found(facts.path);
  if (row == nullptr) return wrong_method(head.method, allow_header(match.allowed));
  facts.endpoint = row->endpoint;
  const bool is_listing = row->endpoint == Endpoint::kModels || row->endpoint == Endpoint::kModel;
  if (is_listing && row->dialect == Dialect::kOpenai) facts.call.set_dialect(listing_dialect(head));
  if (!match.placeholder.empty()) take_placeholder(match, head.target, facts);
  Entry entry;
  entry.row = &route->filters;
  return entry;
}

}  // namespace

Entry route_request(Exchange& exchange, const Door& door, const RouterState& state) {
  Facts& facts = exchange.facts();
  const RequestHead& head = exchange.request();
  note_client(exchange, door);
  if (is_plain_path(head.target)) {
    facts.path = head.target;
  } else {
    absl::StatusOr<std::string> path = canonical_path(head.target);
    if (!path.ok()) {
      const std::string_view asked(head.target);
      facts.call.set_dialect(find_endpoint(asked.substr(0, asked.find('?')), {}).dialect);
      return refuse(400, "bad_path", std::string(message(path.status())));
    }
    facts.path = *std::move(path);
  }
  if (facts.path == "/healthz" || facts.path == "/readyz")
    return health(facts.path, head.method, state);
  // It says nothing of this gateway, and takes more than a glance to make.
  if (facts.path == "/openapi.json") {
    facts.endpoint = Endpoint::kAdmin;
    Entry entry;
    entry.row = &state.admin_row;
    return entry;
  }
  const Snapshot& snapshot = exchange.snapshot();
  const ListenerRoutes* listener = snapshot.find_listener(door.listener);
  if (listener == nullptr) return not_found(facts.path);
  if (!is_management(facts.path)) return client_path(exchange, door, *listener);
  if (!listener->management) return not_found(facts.path);
  // Scrapers bring no cookie: to whom the address rules name beyond this host, metrics are open.
  const bool is_scraped = is_below(facts.path, "/metrics") && !door.from_loopback;
  const bool has_login = is_scraped || state.has_password.load();
  if (std::optional<LocalReply> refusal =
          refuse_management(head, door, snapshot.admin, has_login)) {
    Entry entry;
    entry.refusal = std::move(refusal);
    return entry;
  }
  facts.endpoint = Endpoint::kAdmin;
  Entry entry;
  entry.row = &state.admin_row;
  return entry;
}

}  // namespace omni
