#include "filters/limits/limits_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/cost.h"
#include "filters/limits/rate_headers.h"
#include "source/base/status.h"
#include "source/catalog/allowed.h"
#include "source/routing/combo.h"

namespace omni::filters {
namespace {

int64_t count(int64_t tokens) { return std::max<int64_t>(0, tokens); }

bool is_remote(const Answer& answer) {
  return answer.source == Answer::Source::kUpstream || answer.source == Answer::Source::kDemo;
}

// What translation has seen; of a plain answer upstream has read it before.
const llm::Usage& usage_so_far(const Facts& facts) {
  return facts.usage.is_known() ? facts.usage : facts.answer.usage;
}

}  // namespace

absl::StatusOr<LimitsFilter::Config> LimitsFilter::Config::parse(const ConfigNode& node,
                                                                 FilterEnv& env) {
  OMNI_RETURN_IF_ERROR(node.done());
  const auto refused = [&](std::string_view limit) {
    return env.stats.counter("omniroute_limits_refused_total",
                             "Requests refused because their key has used what it may.",
                             {{"limit", limit}});
  };
  Config config;
  config.over_budget = refused("budget");
  config.over_requests = refused("requests");
  config.over_tokens = refused("tokens");
  config.over_sessions = refused("sessions");
  config.near_limit = env.stats.counter("omniroute_budget_warnings_total",
                                        "Budgets that came near their limit, once in a period.");
  config.unpriced = env.stats.counter(
      "omniroute_budget_unpriced_total",
      "Answers to keys with a budget from models without a price, which no budget counts.");
  config.stopped = env.stats.counter("omniroute_budget_stopped_streams_total",
                                     "Streams ended in their middle because the budget was spent.");
  return config;
}

bool LimitsFilter::applies(Exchange& exchange) {
  const Endpoint endpoint = exchange.facts().endpoint;
  return (endpoint == Endpoint::kChat || endpoint == Endpoint::kCountTokens ||
          endpoint == Endpoint::kEmbed) &&
         exchange.snapshot().keys->has_limits;
}

// The order is that of the checks in docs/keys_and_limits.md.
Next LimitsFilter::on_request_headers(RequestHead&) {
  const Facts& facts = context_.exchange().facts();
  const GatewayKey* key = facts.principal.key;
  if (key == nullptr || !key->limits.any()) return Next::kContinue;
  if (!may_use_model(*key))
    return refuse(
        {.status = 403,
         .code = "model_not_allowed",
         .message = fmt::format("Model \"{}\" is not allowed for this API key", facts.call.model()),
         .param = "model"});
  limits_ = &key->limits;
  if (limits_->budget) {
    spending_.emplace(*limits_);
    context_.exchange().facts().purse = this;
  }
  for (const auto check :
       {&LimitsFilter::check_budget, &LimitsFilter::check_rates, &LimitsFilter::check_sessions})
    if ((this->*check)() == Next::kPause) return Next::kPause;
  return Next::kContinue;
}

// As routing will see it, in its order; it asks again.
bool LimitsFilter::may_use_model(const GatewayKey& key) {
  if (key.allowed_models.empty()) return true;
  const Snapshot& snapshot = context_.exchange().snapshot();
  llm::Call& call = context_.exchange().facts().call;
  const routing::Combo* combo =
      snapshot.combos != nullptr ? snapshot.combos->find(call.model()) : nullptr;
  if (combo != nullptr)
    return std::any_of(combo->targets.begin(), combo->targets.end(), [&](const auto& each) {
      return routing::is_allowed(key.allowed_models, call.model(), *combo, each.target);
    });
  const Resolution& names = call.target_names(*snapshot.providers, *snapshot.aliases);
  if (!names.ok()) return true;  // routing says what is wrong with it.
  return std::any_of(names.targets.begin(), names.targets.end(), [&](const NamedTarget& target) {
    return is_allowed(key.allowed_models, call.model(), *target.provider, target.model);
  });
}

Next LimitsFilter::check_budget() {
  if (!spending_) return Next::kContinue;
  const absl::Time time = now();
  if (!spending_->is_over(time)) {
    note_near_limit();
    return Next::kContinue;
  }
  config_.over_budget.add();
  return refuse(over_budget(time));
}

LocalReply LimitsFilter::over_budget(absl::Time time) const {
  return {.status = 429,
          .code = "budget_exceeded",
          .message = fmt::format("Budget limit exceeded: {}", spending_->text(time)),
          .retry_after_seconds = static_cast<int>(spending_->seconds_left(time))};
}

std::optional<LocalReply> LimitsFilter::refuse_more() {
  charge(false);
  const absl::Time time = now();
  if (is_settled_ || !spending_->is_over(time)) return std::nullopt;
  config_.over_budget.add();
  return over_budget(time);
}

Next LimitsFilter::check_rates() {
  if (limits_->windows.empty()) return Next::kContinue;
  const Facts& facts = context_.exchange().facts();
  if (limits_->counts_tokens()) guess_ = guess_tokens(facts);
  const int64_t seconds = absl::ToUnixSeconds(now());
  // The request that began a response in the background was counted as a request.
  const bool is_job = !facts.kept->job.empty();
  const RateWindow* full = is_job ? claim_.take_tokens(limits_->windows, guess_.all(), seconds)
                                  : claim_.take(limits_->windows, guess_.all(), seconds);
  return full == nullptr ? Next::kContinue : refuse_rate(*full);
}

Next LimitsFilter::refuse_rate(const RateWindow& window) {
  const bool is_requests = window.rule.of == Measure::kRequests;
  (is_requests ? config_.over_requests : config_.over_tokens).add();
  return refuse(
      {.status = 429,
       .code = "rate_limit_exceeded",
       .message = fmt::format("{} limit exceeded ({}s window). Please try again later.",
                              is_requests ? "Request" : "Token", window.rule.window_seconds),
       .retry_after_seconds = static_cast<int>(window.seconds_left(absl::ToUnixSeconds(now())))});
}

Next LimitsFilter::check_sessions() {
  const Facts& facts = context_.exchange().facts();
  if (limits_->sessions == nullptr || facts.session.empty()) return Next::kContinue;
  SessionSlots& sessions = *limits_->sessions;
  if (sessions.admit(facts.session, absl::ToUnixSeconds(now()))) return Next::kContinue;
  claim_.undo();
  config_.over_sessions.add();
  return refuse({.status = 429,
                 .code = "session_limit_exceeded",
                 .message = fmt::format("You have reached the maximum number of active sessions "
                                        "({}). A session ends after {} minutes without a request.",
                                        sessions.most(), SessionSlots::kIdleSeconds / 60)});
}

// The reply does not pass here on its way out.
Next LimitsFilter::refuse(LocalReply reply) {
  is_settled_ = true;
  if (limits_ != nullptr)
    tell_rates(context_.exchange().facts().call.dialect(), limits_->windows,
               absl::ToUnixSeconds(now()), [&](std::string_view name, std::string value) {
                 reply.headers.emplace_back(std::string(name), std::move(value));
               });
  context_.reply(std::move(reply));
  return Next::kPause;
}

Next LimitsFilter::on_response_headers(ResponseHead& head) {
  if (limits_ == nullptr) return Next::kContinue;
  const bool is_refusal = head.status >= 400 && context_.exchange().facts().plan.empty();
  if (is_refusal)
    take_back();
  else
    charge(false);
  const absl::Time time = now();
  tell_rates(context_.exchange().facts().call.dialect(), limits_->windows,
             absl::ToUnixSeconds(time),
             [&](std::string_view name, std::string value) { head.headers.set(name, value); });
  if (spending_ && spending_->is_near(time))
    head.headers.set("x-omniroute-budget-warning", spending_->text(time));
  return Next::kContinue;
}

// Refused before there was anybody to ask.
void LimitsFilter::take_back() {
  claim_.undo();
  is_settled_ = true;
}

// What crosses the budget has been paid for and is delivered; what would come after it is not.
Next LimitsFilter::on_response_body(Buffer&) {
  if (limits_ == nullptr || is_settled_) return Next::kContinue;
  if (is_over_budget_) return stop();
  charge(false);
  return Next::kContinue;
}

Next LimitsFilter::stop() {
  config_.stopped.add();
  charge(true);
  context_.reply({.status = 429,
                  .code = "budget_exceeded",
                  .message = fmt::format("Budget limit exceeded: {}", spending_->text(now()))});
  return Next::kPause;
}

// Before the last byte leaves: whoever has the answer finds it counted.
Next LimitsFilter::on_response_complete() {
  charge(true);
  return Next::kContinue;
}

void LimitsFilter::on_end() noexcept {
  charge(true);
  context_.exchange().facts().purse = nullptr;
}

void LimitsFilter::charge(bool is_final) {
  if (limits_ == nullptr || is_settled_) return;
  is_settled_ = is_final;
  const llm::Usage& usage = usage_so_far(context_.exchange().facts());
  if (!limits_->windows.empty()) {
    const int64_t seconds = absl::ToUnixSeconds(now());
    const int64_t tokens = tokens_so_far(usage);
    is_final ? claim_.settle(tokens, seconds) : claim_.grow(tokens, seconds);
  }
  if (spending_) charge_money(usage, is_final);
}

// A client that left before the answer began has made its provider read the prompt all the same.
int64_t LimitsFilter::tokens_so_far(const llm::Usage& usage) const {
  const Facts& facts = context_.exchange().facts();
  const llm::Usage whole = whole_usage(facts, usage);
  if (whole.is_known()) return count(whole.input) + count(whole.output);
  const bool is_running = facts.answer.source == Answer::Source::kNone && !facts.plan.empty();
  return is_running ? guess_.input : 0;
}

void LimitsFilter::charge_money(const llm::Usage& usage, bool is_final) {
  Facts& facts = context_.exchange().facts();
  const Answer& answer = facts.answer;
  const bool is_answered = usage.is_known() && is_remote(answer) && answer.provider != nullptr;
  const std::optional<Cost> cost =
      is_answered ? known_cost_of(facts, usage, price_of(facts.answer)) : cost_of_asides(facts);
  if (!cost) return;
  const absl::Time time = now();
  if (cost->is_whole || cost->nanos > 0) {
    spending_->charge(cost->nanos, time);
    is_over_budget_ = answer.is_stream && spending_->is_over(time);
    note_near_limit();
  }
  if (is_final && !cost->is_whole) {
    config_.unpriced.add();
    spending_->count_unpriced(time);
    facts.budget.is_unpriced |= spending_->is_first_unpriced(time);
  }
}

void LimitsFilter::note_near_limit() {
  const absl::Time time = now();
  if (!spending_->is_first_near(time)) return;
  config_.near_limit.add();
  BudgetNotices& notices = context_.exchange().facts().budget;
  notices.is_near_limit = true;
  notices.spent_nanos = spending_->spent(time);
  notices.limit_nanos = spending_->limit();
}

}  // namespace omni::filters
