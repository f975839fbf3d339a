#include "source/server/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "api/snapshot.h"
#include "source/admin/access.h"
#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/http/path.h"

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

Entry preflight(const Settings& settings, const RequestHead& head) {
  Entry entry = answer(204, "");
  entry.answer->headers.add("access-control-allow-origin", settings.cors_allow_origin);
  entry.answer->headers.add("access-control-allow-methods", "GET, POST, OPTIONS");
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

// What Gemini's clients want of a model: their libraries ask below /v1beta or, where they take the
// vendor's stable version, below /v1 (ai.google.dev/gemini-api/docs/api-versions).
std::string_view gemini_action(std::string_view path) {
  const size_t colon = path.rfind(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view action = path.substr(colon + 1);
  return action == "generateContent" || action == "streamGenerateContent" ? action
                                                                          : std::string_view();
}

// The dialect of whoever asks here, for refusals too.
Dialect dialect_of(std::string_view path) {
  if (is_below(path, "/v1/messages")) return Dialect::kAnthropic;
  if (is_below(path, "/v1/responses")) return Dialect::kOpenaiResponses;
  if (is_below(path, "/v1beta")) return Dialect::kGemini;
  if (is_below(path, "/v1/models") && !gemini_action(path).empty()) return Dialect::kGemini;
  if (is_below(path, "/v1/api")) return Dialect::kOllama;
  return Dialect::kOpenai;
}

bool has_query(std::string_view target, std::string_view wanted) {
  const size_t mark = target.find('?');
  std::string_view query = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    if (query.substr(0, end) == wanted) return true;
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return false;
}

// VERSION/models/MODEL:ACTION, where MODEL may be PROVIDER/MODEL
// (ai.google.dev/api/generate-content).
bool find_gemini_call(std::string_view path, std::string_view target, Facts& facts) {
  const std::string_view action = gemini_action(path);
  if (action.empty()) return false;
  for (const std::string_view prefix : {"/v1beta/models/", "/v1/models/"}) {
    if (path.substr(0, prefix.size()) != prefix) continue;
    const size_t colon = path.size() - action.size() - 1;
    if (colon <= prefix.size()) return false;
    const bool is_stream = action == "streamGenerateContent";
    facts.endpoint = Endpoint::kChat;
    facts.call.set_path_model(percent_decoded(path.substr(prefix.size(), colon - prefix.size())),
                              is_stream, is_stream && !has_query(target, "alt=sse"));
    return true;
  }
  return false;
}

// What a client path is for. False when nothing is served there.
bool find_endpoint(std::string_view path, std::string_view target, Facts& facts,
                   std::string_view& allow) {
  constexpr std::string_view kModelPrefix = "/v1/models/";
  allow = "POST";
  if (path == "/v1/chat/completions" || path == "/v1/messages" || path == "/v1/responses" ||
      path == "/v1/api/chat") {
    facts.endpoint = Endpoint::kChat;
    return true;
  }
  if (find_gemini_call(path, target, facts)) return true;
  allow = "GET, HEAD";
  if (path == "/v1/models" || path == "/v1") {
    facts.endpoint = Endpoint::kModels;
  } else if (path.substr(0, kModelPrefix.size()) == kModelPrefix) {
    facts.endpoint = Endpoint::kModel;
    facts.resource = percent_decoded(path.substr(kModelPrefix.size()));
  } else {
    return false;
  }
  return true;
}

bool is_management(std::string_view path) {
  return is_below(path, "/metrics") || is_below(path, "/api") || is_below(path, "/dashboard");
}

Entry client_path(Exchange& exchange, const ListenerRoutes& listener) {
  Facts& facts = exchange.facts();
  const RequestHead& head = exchange.request();
  facts.call.set_dialect(dialect_of(facts.path));
  const Route* route = listener.match(facts.path);
  if (route == nullptr) return not_found(facts.path);
  if (head.method == "OPTIONS") return preflight(exchange.snapshot().settings, head);
  std::string_view allow;
  if (!find_endpoint(facts.path, head.target, facts, allow)) return not_found(facts.path);
  const bool fits = allow == "POST" ? head.method == "POST" : is_read(head.method);
  if (!fits) return wrong_method(head.method, fmt::format("{}, OPTIONS", allow));
  Entry entry;
  entry.row = &route->filters;
  return entry;
}

}  // namespace

Entry route_request(Exchange& exchange, const Door& door, const RouterState& state) {
  Facts& facts = exchange.facts();
  const RequestHead& head = exchange.request();
  if (is_plain_path(head.target)) {
    facts.path = head.target;
  } else {
    absl::StatusOr<std::string> path = canonical_path(head.target);
    if (!path.ok()) return refuse(400, "bad_path", std::string(message(path.status())));
    facts.path = *std::move(path);
  }
  if (facts.path == "/healthz" || facts.path == "/readyz")
    return health(facts.path, head.method, state);
  const Snapshot& snapshot = exchange.snapshot();
  const ListenerRoutes* listener = snapshot.find_listener(door.listener);
  if (listener == nullptr) return not_found(facts.path);
  if (!is_management(facts.path)) return client_path(exchange, *listener);
  if (!listener->management) return not_found(facts.path);
  // Scrapers bring no cookie: metrics obey the address rules alone.
  const bool has_login = is_below(facts.path, "/metrics") || state.has_password.load();
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
