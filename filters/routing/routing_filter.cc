#include "filters/routing/routing_filter.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/snapshot.h"
#include "filters/routing/auto_wish.h"
#include "filters/routing/listing.h"
#include "filters/routing/may_use.h"
#include "filters/routing/stage_plans.h"
#include "source/catalog/allowed.h"
#include "source/routing/combo.h"

namespace omni::filters {
namespace {

const std::vector<std::string>& allowed_by(const GatewayKey* key) {
  static const std::vector<std::string> kAll;
  return key != nullptr ? key->allowed_connections : kAll;
}

// Of those that the key may use, the account of lowest priority number, first in the file among
// equals; null when there is none.
const Account* first_account(const GatewayKey* key, const Provider& provider) {
  const Account* best = nullptr;
  for (const Account& each : provider.accounts) {
    if (!is_allowed_account(allowed_by(key), provider, &each)) continue;
    if (best == nullptr || each.priority < best->priority) best = &each;
  }
  return best;
}

// Some way to the provider is one that the key may use.
bool may_reach(const GatewayKey* key, const Provider& provider) {
  if (provider.accounts.empty()) return is_allowed_account(allowed_by(key), provider, nullptr);
  return first_account(key, provider) != nullptr;
}

// The account that keeps what the request goes on with; null: any will do.
const Account* keeper_of(const KeptFacts& kept, const Provider& provider) {
  if (kept.provider == provider.id)
    for (const Account& account : provider.accounts)
      if (account.name == kept.account) return &account;
  return nullptr;
}

bool lacks_account(const Provider& provider) {
  return provider.accounts.empty() && provider.auth != AuthStyle::kNone && !provider.is_demo;
}

}  // namespace

absl::StatusOr<RoutingFilter::Config> RoutingFilter::Config::parse(const ConfigNode& node,
                                                                   FilterEnv&) {
  OMNI_RETURN_IF_ERROR(node.done());
  return Config();
}

Next RoutingFilter::refuse(LocalReply reply) {
  // What was planned by then is not followed, and who looks at it later must see that.
  Plan& plan = context_.exchange().facts().plan;
  plan.targets.clear();
  plan.places.clear();
  context_.reply(std::move(reply));
  return Next::kPause;
}

Next RoutingFilter::on_request_headers(RequestHead&) {
  Exchange& exchange = context_.exchange();
  const Endpoint endpoint = exchange.facts().endpoint;
  if (endpoint == Endpoint::kChat || endpoint == Endpoint::kCountTokens ||
      endpoint == Endpoint::kEmbed)
    return plan();
  if (is_kept_response(endpoint)) return plan_kept();
  if (endpoint == Endpoint::kRunning) return plan_running();
  std::variant<std::string, LocalReply> listing = answer_listing(exchange);
  if (LocalReply* refusal = std::get_if<LocalReply>(&listing)) return refuse(std::move(*refusal));
  return respond(std::get<std::string>(listing));
}

Next RoutingFilter::plan() {
  Exchange& exchange = context_.exchange();
  Facts& facts = exchange.facts();
  const Snapshot& snapshot = exchange.snapshot();
  if (snapshot.combos != nullptr)
    if (const routing::Combo* combo = snapshot.combos->find(facts.call.model()))
      return plan_combo(*combo);
  if (routing::is_auto_name(facts.call.model())) return refuse(refuse_auto(facts.call.model()));
  const Resolution& names = facts.call.target_names(*snapshot.providers, *snapshot.aliases);
  if (!names.ok()) {
    return refuse({.status = names.failure.status,
                   .code = names.failure.code,
                   .message = names.failure.message,
                   .param = "model"});
  }
  for (const NamedTarget& target : names.targets) {
    if (!may_use(facts.principal.key, facts.call.model(), *target.provider, target.model)) continue;
    if (lacks_account(*target.provider) || !may_reach(facts.principal.key, *target.provider))
      continue;
    facts.plan.targets.push_back(
        {target.provider, keeper_of(*facts.kept, *target.provider), target.model});
    if (target.provider->accounts.size() > 1) facts.plan.session = facts.session;
  }
  if (!facts.plan.targets.empty()) return Next::kContinue;
  const NamedTarget& first = names.targets.front();
  if (!may_use(facts.principal.key, facts.call.model(), *first.provider, first.model))
    return refuse_model();
  if (!lacks_account(*first.provider))
    return refuse({.status = 403,
                   .code = "connection_not_allowed",
                   .message = fmt::format("No account of {} is allowed for this API key",
                                          first.provider->id)});
  return refuse(
      {.status = 401,
       .code = "no_credentials",
       .message = fmt::format("No active credentials for provider: {}. Add an account with a key.",
                              first.provider->id)});
}

Next RoutingFilter::refuse_model() {
  return refuse({.status = 403,
                 .code = "model_not_allowed",
                 .message = fmt::format("Model \"{}\" is not allowed for this API key",
                                        context_.exchange().facts().call.model()),
                 .param = "model"});
}

// Who may use the combo's name may use all of it; else what is allowed of its targets.
Next RoutingFilter::plan_combo(const routing::Combo& combo) {
  Facts& facts = context_.exchange().facts();
  Plan& plan = facts.plan;
  bool is_any_allowed = false;
  const auto is_usable = [&](const Target& target) {
    if (!may_use(facts.principal.key, facts.call.model(), combo, target)) return false;
    is_any_allowed = true;
    return !lacks_account(*target.provider) && may_reach(facts.principal.key, *target.provider);
  };
  const bool is_staged = routing::has_stages(combo.strategy);
  for (uint16_t place = 0; place < combo.targets.size(); ++place)
    if (is_usable(combo.targets[place].target) && (!is_staged || is_for_answers(combo, place)))
      plan.places.push_back(place);
  if (!is_any_allowed) return refuse_model();
  if (plan.places.empty())
    return refuse({.status = 503,
                   .code = "ALL_ACCOUNTS_INACTIVE",
                   .message = fmt::format("No target of combo '{}' has credentials. Add an account "
                                          "with a key to one of its providers.",
                                          combo.name)});
  plan.combo = &combo;
  plan.rules = combo.rules;
  plan.session = facts.session;
  if (is_staged && facts.endpoint == Endpoint::kChat)
    plan.stages = plan_stages(context_.exchange().snapshot(), combo, plan, is_usable);
  if (combo.strategy == routing::Strategy::kAuto && facts.endpoint == Endpoint::kChat) {
    const Headers& headers = context_.exchange().request().headers;
    if (std::optional<LocalReply> refusal = grant_wishes(headers, facts.call, plan))
      return refuse(*std::move(refusal));
  }
  return Next::kContinue;
}

// Only the provider that keeps it can say.
Next RoutingFilter::plan_kept() {
  Exchange& exchange = context_.exchange();
  Facts& facts = exchange.facts();
  const Provider* provider = exchange.snapshot().providers->find(facts.kept->provider);
  if (provider == nullptr)
    return refuse({.status = 404,
                   .code = "response_not_found",
                   .message = "The provider that keeps this response is not configured any more."});
  const Account* keeper = keeper_of(*facts.kept, *provider);
  facts.plan.targets.push_back(
      {provider, keeper != nullptr ? keeper : first_account(facts.principal.key, *provider), ""});
  return Next::kContinue;
}

// Whatever the models are called there: what the key may use of them is known when they are told.
Next RoutingFilter::plan_running() {
  Exchange& exchange = context_.exchange();
  for (const Provider& provider : exchange.snapshot().providers->all()) {
    if (provider.dialect != Dialect::kOllama || provider.is_demo) continue;
    const GatewayKey* key = exchange.facts().principal.key;
    if (!may_reach(key, provider)) continue;
    const Account* account = first_account(key, provider);
    if (account == nullptr && provider.auth != AuthStyle::kNone) continue;
    exchange.facts().plan.targets.push_back({&provider, account, ""});
  }
  return Next::kContinue;
}

Next RoutingFilter::respond(std::string_view body) {
  context_.exchange().facts().answer.source = Answer::Source::kLocal;
  ResponseHead head;
  head.content_length = body.size();
  head.headers.add("content-type", "application/json");
  context_.respond_headers(std::move(head));
  context_.respond_body(Buffer(body));
  context_.respond_complete();
  return Next::kPause;
}

}  // namespace omni::filters
