#include "source/admin/admin_api.h"

#include <absl/strings/escaping.h>
#include <absl/time/time.h>
#include <fmt/format.h>

#include <utility>

#include "source/admin/admin_error.h"
#include "source/admin/rate_limit_view.h"
#include "source/base/strings.h"
#include "source/config/openapi.h"
#include "source/http/path.h"
#include "source/json/writer.h"

namespace omni {
namespace {

std::string render_error(const ConfigError& error) {
  return fmt::format(R"({{"file":{},"line":{},"column":{},"path":{},"message":{}}})",
                     json::quoted(error.file), error.line, error.column, json::quoted(error.path),
                     json::quoted(error.message));
}

}  // namespace

std::string render_config_status(const ConfigStatus& status) {
  return fmt::format(
      R"({{"generation":{},"loadedAt":{},"source":{},"lastError":{},"reloadFailures":{}}})",
      status.generation,
      json::quoted(absl::FormatTime(absl::RFC3339_full, status.loaded_at, absl::UTCTimeZone())),
      json::quoted(status.source), status.last_error ? render_error(*status.last_error) : "null",
      status.reload_failures);
}

// HTTP Basic with any user name (RFC 7617): what scrapers and curl can do without a cookie.
bool AdminApi::is_logged_in(const AdminRequest& request) const {
  if (password_.empty()) return true;
  constexpr std::string_view kScheme = "basic ";
  const std::string_view value = request.authorization.reveal();
  if (!starts_with_ignoring_case(value, kScheme)) return false;
  const std::string_view coded = trim(value.substr(kScheme.size()));
  std::string decoded;
  if (!absl::Base64Unescape(absl::string_view(coded.data(), coded.size()), &decoded)) return false;
  const Secret pair(std::move(decoded));
  const size_t colon = pair.reveal().find(':');
  return colon != std::string_view::npos && password_.equals(pair.reveal().substr(colon + 1));
}

void AdminApi::handle(AdminRequest request, AdminDone done) {
  using Show = void (AdminApi::*)(AdminDone);
  struct Row {
    std::string_view path;
    Show show;
    bool is_open;  // Scrapers bring no password, and what is public needs none.
    bool writes;
  };
  static constexpr Row kRows[] = {
      {"/metrics", &AdminApi::show_metrics, true, false},
      {"/openapi.json", &AdminApi::show_openapi, true, false},
      {"/api/config/status", &AdminApi::show_config, false, false},
      {"/api/sessions", &AdminApi::show_sessions, false, false},
      {"/api/resilience", &AdminApi::show_resilience, false, false},
      {"/api/rate-limits", &AdminApi::show_rate_limits, false, false},
      {"/api/rate-limit", &AdminApi::show_rate_limit, false, false},
      {"/api/telemetry/summary", &AdminApi::show_latencies, false, false},
      {"/api/resilience/reset", &AdminApi::reset_resilience, false, true}};
  const Row* row = nullptr;
  for (const Row& candidate : kRows)
    if (candidate.path == request.path) row = &candidate;
  if ((row == nullptr || !row->is_open) && !is_logged_in(request)) {
    AdminReply reply = admin_error(401, "login_required", "Management needs the admin password.");
    reply.headers.emplace_back("www-authenticate", "Basic realm=\"omniroute\"");
    return done(std::move(reply));
  }
  ControlPlane* desk = nullptr;
  if (is_below(request.path, "/api/usage")) desk = &desks_.usage;
  if (is_below(request.path, "/api/receipts")) desk = &desks_.receipts;
  if (row == nullptr && desk == nullptr)
    return done(admin_error(404, "not_found", "There is nothing at this path."));
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const bool writes = row != nullptr && row->writes;
  if (writes ? request.method != "POST" : !reads) {
    AdminReply reply =
        admin_error(405, "method_not_allowed",
                    writes ? "This path takes POST." : "This path can only be read.");
    reply.headers.emplace_back("allow", writes ? "POST" : "GET, HEAD");
    return done(std::move(reply));
  }
  if (row == nullptr) return desk->handle(std::move(request), std::move(done));
  (this->*row->show)(std::move(done));
}

void AdminApi::show_metrics(AdminDone done) {
  latencies_.list_latencies([this, done = std::move(done)](const ProviderLatencies& found) mutable {
    AdminReply reply;
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    stats_.render(reply.body);
    append_latency_metrics(reply.body, found);
    done(std::move(reply));
  });
}

void AdminApi::show_openapi(AdminDone done) {
  AdminReply reply;
  reply.body = openapi_json();
  reply.headers.emplace_back("access-control-allow-origin", "*");
  done(std::move(reply));
}

void AdminApi::show_config(AdminDone done) {
  AdminReply reply;
  reply.body = render_config_status(status_);
  done(std::move(reply));
}

void AdminApi::show_resilience(AdminDone done) {
  AdminReply reply;
  reply.body = render_resilience(*health_.snapshot(), clock_.now());
  done(std::move(reply));
}

void AdminApi::reset_resilience(AdminDone done) {
  health_.reset_health();
  show_resilience(std::move(done));
}

void AdminApi::show_rate_limits(AdminDone done) {
  AdminReply reply;
  reply.body =
      render_rate_limits(*health_.snapshot(), clock_.now(), RateLimitDetail::kWithLockouts);
  done(std::move(reply));
}

// What the path was called at first; programs still ask for it.
void AdminApi::show_rate_limit(AdminDone done) {
  AdminReply reply;
  reply.body =
      render_rate_limits(*health_.snapshot(), clock_.now(), RateLimitDetail::kConnectionsOnly);
  done(std::move(reply));
}

void AdminApi::show_latencies(AdminDone done) {
  latencies_.list_latencies([done = std::move(done)](const ProviderLatencies& found) mutable {
    AdminReply reply;
    reply.body = render_latencies(found);
    done(std::move(reply));
  });
}

void AdminApi::show_sessions(AdminDone done) {
  sessions_.list_sessions(
      [done = std::move(done)](std::vector<SessionInfo> found, absl::Time now) mutable {
        AdminReply reply;
        reply.body = render_sessions(merge_sessions(std::move(found)), now);
        done(std::move(reply));
      });
}

}  // namespace omni
