// What a gateway key may use: models, money, requests, tokens, conversations. Built into every row,
// behind auth.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/exchange.h"
#include "api/filter.h"
#include "api/filter_env.h"
#include "api/filter_registry.h"
#include "api/purse.h"
#include "api/snapshot.h"
#include "filters/limits/spending.h"
#include "filters/limits/token_guess.h"
#include "source/limits/rate_limit.h"

namespace omni::filters {

// Requests and tokens are reserved before the request goes on, in every window of the key or in
// none. Money is not: a request begins while the budget is not spent, and a stream ends when it is.
// What was used is counted while the answer runs, and made right at its end, however it ends.
class LimitsFilter final : public Filter, private Purse {
 public:
  static constexpr std::string_view kName = "limits";

  struct Config {
    Counter over_budget, over_requests, over_tokens, over_sessions;
    Counter near_limit, unpriced, stopped;
    static absl::StatusOr<Config> parse(const ConfigNode& node, FilterEnv& env);
  };

  LimitsFilter(const Config& config, FilterContext& context) : config_(config), context_(context) {}

  // Requests that run a model, where some key has a limit; the key itself is not known yet.
  static bool applies(Exchange& exchange);

  Wants wants() const override { return {.whole_request = true}; }
  Next on_request_headers(RequestHead& head) override;
  Next on_response_headers(ResponseHead& head) override;
  Next on_response_body(Buffer& bytes) override;
  Next on_response_complete() override;
  void on_end() noexcept override;

 private:
  std::optional<LocalReply> refuse_more() override;
  LocalReply over_budget(absl::Time time) const;
  bool may_use_model(const GatewayKey& key);
  Next check_budget();
  Next check_rates();
  Next check_sessions();
  Next refuse(LocalReply reply);
  Next refuse_rate(const RateWindow& window);
  Next stop();
  void take_back();
  void charge(bool is_final);
  void charge_money(const llm::Usage& usage, bool is_final);
  int64_t tokens_so_far(const llm::Usage& usage) const;
  void note_near_limit();
  absl::Time now() const { return context_.exchange().dispatcher().clock().now(); }

  const Config& config_;
  FilterContext& context_;
  const KeyLimits* limits_ = nullptr;  // Null: this exchange is not limited.
  RateClaim claim_;
  TokenGuess guess_;
  std::optional<Spending> spending_;
  bool is_over_budget_ = false;
  bool is_settled_ = false;
};

}  // namespace omni::filters
