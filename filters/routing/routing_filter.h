// Turns the name of a model into a plan: where the request may go, in order.
#pragma once

#include <string_view>

#include "api/exchange.h"
#include "api/filter.h"
#include "api/filter_env.h"
#include "api/filter_registry.h"
#include "source/routing/combo.h"

namespace omni::filters {

// Resolves aliases and provider prefixes against the pinned snapshot, checks what the key may use,
// and picks an account. Answers model listings itself: they are what it knows. Does no I/O.
class RoutingFilter final : public Filter {
 public:
  static constexpr std::string_view kName = "routing";

  struct Config {
    static absl::StatusOr<Config> parse(const ConfigNode& node, FilterEnv& env);
  };

  RoutingFilter(const Config&, FilterContext& context) : context_(context) {}

  Wants wants() const override { return {.whole_request = true}; }
  Next on_request_headers(RequestHead& head) override;

 private:
  Next plan();
  Next plan_combo(const routing::Combo& combo);
  Next plan_kept();
  Next plan_running();
  Next respond(std::string_view body);
  Next refuse(LocalReply reply);
  Next refuse_model();

  FilterContext& context_;
};

}  // namespace omni::filters
