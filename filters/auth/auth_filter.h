// Says who is asking, and refuses who may not.
#pragma once

#include <string_view>

#include "api/exchange.h"
#include "api/filter.h"
#include "api/filter_env.h"
#include "api/filter_registry.h"

namespace omni::filters {

// Looks for a gateway key in every carrier that clients use: `Authorization: Bearer`, `x-api-key`,
// `x-goog-api-key`, and the query's token, apiKey, api_key and key. A known key that is disabled,
// banned, expired or out of its hours is refused always; a missing or unknown one only when keys
// are required.
class AuthFilter final : public Filter {
 public:
  static constexpr std::string_view kName = "auth";

  struct Config {
    bool required = false;
    Counter allowed, anonymous, refused;
    static absl::StatusOr<Config> parse(const ConfigNode& node, FilterEnv& env);
  };

  AuthFilter(const Config& config, FilterContext& context) : config_(config), context_(context) {}

  Next on_request_headers(RequestHead& head) override;

 private:
  Next refuse(int status, std::string_view code, std::string_view message);
  Next check(const GatewayKey& key);

  const Config& config_;
  FilterContext& context_;
};

}  // namespace omni::filters
