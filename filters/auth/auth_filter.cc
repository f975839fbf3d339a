#include "filters/auth/auth_filter.h"

#include <fmt/format.h>

#include <string>

#include "api/snapshot.h"
#include "filters/auth/carriers.h"

namespace omni::filters {

absl::StatusOr<AuthFilter::Config> AuthFilter::Config::parse(const ConfigNode& node,
                                                             FilterEnv& env) {
  Config config;
  OMNI_ASSIGN_OR_RETURN(config.required, node.boolean("required", false));
  OMNI_RETURN_IF_ERROR(node.done());
  config.required |= env.require_api_key;
  const auto counter = [&](std::string_view result) {
    return env.stats.counter("omniroute_auth_total", "Requests by what their key proved.",
                             {{"result", result}});
  };
  config.allowed = counter("allowed");
  config.anonymous = counter("anonymous");
  config.refused = counter("refused");
  return config;
}

Next AuthFilter::refuse(int status, std::string_view code, std::string_view message) {
  config_.refused.add();
  context_.reply({.status = status, .code = std::string(code), .message = std::string(message)});
  return Next::kPause;
}

Next AuthFilter::on_request_headers(RequestHead& head) {
  const KeySection& keys = *context_.exchange().snapshot().keys;
  const GatewayKey* known = nullptr;
  bool has_presented = false;
  find_presented_key(head, [&](std::string_view key) {
    has_presented = true;
    return (known = keys.find(key)) != nullptr;
  });
  if (known != nullptr) return check(*known);
  context_.exchange().facts().trail.has_unknown_key = has_presented;
  if (!config_.required) {
    config_.anonymous.add();
    return Next::kContinue;
  }
  if (has_presented) return refuse(401, "invalid_api_key", "Invalid API key");
  return refuse(401, "invalid_api_key", "Missing API key");
}

Next AuthFilter::check(const GatewayKey& key) {
  Trail& trail = context_.exchange().facts().trail;
  trail.refused_key = &key;  // Until it is not.
  if (key.disabled) return refuse(403, "key_disabled", "This API key is disabled");
  if (key.banned)
    return refuse(403, "key_banned", "This API key is banned due to policy violations");
  const absl::Time now = context_.exchange().dispatcher().clock().now();
  if (key.expires_at && *key.expires_at <= now)
    return refuse(403, "key_expired", "This API key has expired");
  if (key.schedule && !key.schedule->is_open(now))
    return refuse(403, "key_outside_hours",
                  fmt::format("Access denied outside allowed hours ({})", key.schedule->text()));
  context_.exchange().facts().principal.key = &key;
  trail.refused_key = nullptr;
  config_.allowed.add();
  return Next::kContinue;
}

}  // namespace omni::filters
