#include "filters/routing/routing_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "api/snapshot.h"
#include "source/llm/openai/models.h"

namespace omni::filters {
namespace {

bool may_use(const GatewayKey* key, std::string_view named, const NamedTarget& target) {
  if (key == nullptr || key->allowed_models.empty()) return true;
  const std::string full = target.provider->id + "/" + target.model;
  return std::any_of(key->allowed_models.begin(), key->allowed_models.end(),
                     [&](const std::string& glob) {
                       return matches_glob(named, glob) || matches_glob(full, glob) ||
                              matches_glob(target.model, glob);
                     });
}

// The account of lowest priority number, first in the file among equals; null when there is none.
const Account* first_account(const Provider& provider) {
  const auto best =
      std::min_element(provider.accounts.begin(), provider.accounts.end(),
                       [](const Account& a, const Account& b) { return a.priority < b.priority; });
  return best == provider.accounts.end() ? nullptr : &*best;
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
  switch (context_.exchange().facts().endpoint) {
    case Endpoint::kModels:
      return list_models();
    case Endpoint::kModel:
      return show_model();
    default:
      return plan();
  }
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
    if (!may_use(facts.principal.key, facts.call.model(), target)) continue;
    const Account* account = first_account(*target.provider);
    const bool needs_account =
        target.provider->auth != AuthStyle::kNone && !target.provider->is_demo;
    if (account == nullptr && needs_account) continue;
    facts.plan.targets.push_back({target.provider, account, target.model});
  }
  if (!facts.plan.targets.empty()) return Next::kContinue;
  if (!may_use(facts.principal.key, facts.call.model(), names.targets.front())) {
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
                              names.targets.front().provider->id)});
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

Next RoutingFilter::list_models() {
  const Exchange& exchange = context_.exchange();
  const GatewayKey* key = context_.exchange().facts().principal.key;
  const auto visible = [&](std::string_view id, const Provider& provider, const Model& model) {
    return may_use(key, id, {&provider, model.id});
  };
  return respond(llm::openai::render_models(*exchange.snapshot().providers,
                                            *exchange.snapshot().aliases, visible));
}

Next RoutingFilter::show_model() {
  Exchange& exchange = context_.exchange();
  const std::string& id = exchange.facts().resource;
  const Resolution names =
      resolve_name(id, *exchange.snapshot().providers, *exchange.snapshot().aliases);
  if (!names.ok() || !may_use(exchange.facts().principal.key, id, names.targets.front())) {
    return refuse({.status = 404,
                   .code = "model_not_found",
                   .message = names.ok() ? fmt::format("The model '{}' does not exist.", id)
                                         : names.failure.message,
                   .param = "model"});
  }
  return respond(
      llm::openai::render_model(id, *names.targets.front().provider, names.targets.front().model));
}

}  // namespace omni::filters
