#include "filters/routing/routing_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "api/snapshot.h"
#include "filters/routing/listing.h"
#include "filters/routing/may_use.h"

namespace omni::filters {
namespace {

// The account of lowest priority number, first in the file among equals; null when there is none.
const Account* first_account(const Provider& provider) {
  const auto best =
      std::min_element(provider.accounts.begin(), provider.accounts.end(),
                       [](const Account& a, const Account& b) { return a.priority < b.priority; });
  return best == provider.accounts.end() ? nullptr : &*best;
}

// The account that keeps what the request goes on with, else the first.
const Account* account_for(const KeptFacts& kept, const Provider& provider) {
  if (kept.provider == provider.id)
    for (const Account& account : provider.accounts)
      if (account.name == kept.account) return &account;
  return first_account(provider);
}

}  // namespace

absl::StatusOr<RoutingFilter::Config> RoutingFilter::Config::parse(const ConfigNode& node,
                                                                   FilterEnv&) {
  OMNI_RETURN_IF_ERROR(node.done());
  return Config();
}

Next RoutingFilter::refuse(LocalReply reply) {
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
  const Resolution& names = facts.call.target_names(*snapshot.providers, *snapshot.aliases);
  if (!names.ok()) {
    return refuse({.status = names.failure.status,
                   .code = names.failure.code,
                   .message = names.failure.message,
                   .param = "model"});
  }
  for (const NamedTarget& target : names.targets) {
    if (!may_use(facts.principal.key, facts.call.model(), *target.provider, target.model)) continue;
    const Account* account = account_for(facts.kept, *target.provider);
    const bool needs_account =
        target.provider->auth != AuthStyle::kNone && !target.provider->is_demo;
    if (account == nullptr && needs_account) continue;
    facts.plan.targets.push_back({target.provider, account, target.model});
  }
  if (!facts.plan.targets.empty()) return Next::kContinue;
  const NamedTarget& first = names.targets.front();
  if (!may_use(facts.principal.key, facts.call.model(), *first.provider, first.model)) {
    return refuse(
        {.status = 403,
         .code = "model_not_allowed",
         .message = fmt::format("Model \"{}\" is not allowed for this API key", facts.call.model()),
         .param = "model"});
  }
  return refuse(
      {.status = 401,
       .code = "no_credentials",
       .message = fmt::format("No active credentials for provider: {}. Add an account with a key.",
                              first.provider->id)});
}

// Only the provider that keeps it can say.
Next RoutingFilter::plan_kept() {
  Exchange& exchange = context_.exchange();
  Facts& facts = exchange.facts();
  const Provider* provider = exchange.snapshot().providers->find(facts.kept.provider);
  if (provider == nullptr)
    return refuse({.status = 404,
                   .code = "response_not_found",
                   .message = "The provider that keeps this response is not configured any more."});
  facts.plan.targets.push_back({provider, account_for(facts.kept, *provider), ""});
  return Next::kContinue;
}

// Whatever the models are called there: what the key may use of them is known when they are told.
Next RoutingFilter::plan_running() {
  Exchange& exchange = context_.exchange();
  for (const Provider& provider : exchange.snapshot().providers->all()) {
    if (provider.dialect != Dialect::kOllama || provider.is_demo) continue;
    const Account* account = first_account(provider);
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
