#include "filters/routing/listing.h"

#include <absl/time/time.h>
#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "api/snapshot.h"
#include "filters/routing/may_use.h"
#include "source/llm/model_list.h"
#include "source/llm/ollama/model_list.h"
#include "source/routing/auto_pool.h"
#include "source/routing/combo.h"

namespace omni::filters {
namespace {

using Answered = std::variant<std::string, LocalReply>;

LocalReply refuse(llm::CallError error) {
  return {.status = error.status,
          .code = std::move(error.code),
          .message = std::move(error.message),
          .param = std::move(error.param)};
}

llm::ListQuery query_of(Exchange& exchange) {
  return {.target = exchange.request().target,
          .now = absl::ToUnixSeconds(exchange.snapshot().loaded_at)};
}

// The row of a combo, described by the first of its targets that the key may use; nullopt when
// there is none.
std::optional<llm::ListedModel> list_combo(const GatewayKey* key, const routing::Combo& combo,
                                           std::string_view id) {
  for (const routing::ComboTarget& each : combo.targets) {
    const Provider& provider = *each.target.provider;
    const bool is_reachable =
        provider.is_demo || provider.auth == AuthStyle::kNone || !provider.accounts.empty();
    if (!is_reachable || !may_use(key, id, combo, each.target)) continue;
    return llm::ListedModel{.id = std::string(id),
                            .root = fmt::format("{}/{}", provider.id, each.target.model),
                            .owner = "combo",
                            .provider = &provider,
                            .model = provider.find_model(each.target.model)};
  }
  return std::nullopt;
}

Answered list_models(Exchange& exchange) {
  const Facts& facts = exchange.facts();
  const Snapshot& snapshot = exchange.snapshot();
  const Provider* only = nullptr;
  if (!facts.provider.empty()) {
    only = snapshot.providers->find(facts.provider);
    if (only == nullptr)
      return LocalReply{.status = 400,
                        .code = "unknown_provider",
                        .message = fmt::format("Unknown provider: {}", facts.provider)};
  }
  const auto visible = [&](std::string_view id, const Provider& provider, std::string_view model) {
    return may_use(facts.principal.key, id, provider, model);
  };
  std::vector<llm::ListedModel> models =
      llm::list_models(*snapshot.providers, *snapshot.aliases, visible, only);
  if (snapshot.combos != nullptr && only == nullptr) {
    for (const routing::Combo& combo : snapshot.combos->all()) {
      if (combo.name.find('*') != std::string::npos || !routing::is_listed(combo.name)) continue;
      if (auto row = list_combo(facts.principal.key, combo, combo.name))
        models.push_back(*std::move(row));
    }
  }
  auto made = llm::render_models(facts.call.dialect(), models, query_of(exchange));
  if (auto* error = std::get_if<llm::CallError>(&made)) return refuse(std::move(*error));
  return std::get<std::string>(std::move(made));
}

Answered show_model(Exchange& exchange, std::string_view id) {
  const Facts& facts = exchange.facts();
  const Snapshot& snapshot = exchange.snapshot();
  const auto visible = [&](std::string_view name, const Provider& provider,
                           std::string_view model) {
    return may_use(facts.principal.key, name, provider, model);
  };
  if (const routing::Combo* combo =
          snapshot.combos != nullptr ? snapshot.combos->find(id) : nullptr)
    if (const auto row = list_combo(facts.principal.key, *combo, id))
      return llm::render_model(facts.call.dialect(), *row, query_of(exchange));
  std::string why;
  const std::optional<llm::ListedModel> found =
      llm::find_model(id, *snapshot.providers, *snapshot.aliases, visible, why);
  if (found) return llm::render_model(facts.call.dialect(), *found, query_of(exchange));
  return LocalReply{
      .status = 404, .code = "model_not_found", .message = std::move(why), .param = "model"};
}

Answered show_named_in_body(Exchange& exchange) {
  auto name = llm::ollama::read_show_request(exchange.facts().call.body());
  if (auto* error = std::get_if<llm::CallError>(&name)) return refuse(std::move(*error));
  return show_model(exchange, std::get<std::string>(name));
}

LocalReply not_offered() {
  return {
      .status = 404,
      .code = "not_offered",
      .message = "Batches are not offered here. Send each of their requests to POST /v1/messages."};
}

}  // namespace

Answered answer_listing(Exchange& exchange) {
  switch (exchange.facts().endpoint) {
    case Endpoint::kModels:
      return list_models(exchange);
    case Endpoint::kModel:
      return show_model(exchange, exchange.facts().resource);
    case Endpoint::kShowModel:
      return show_named_in_body(exchange);
    case Endpoint::kNotOffered:
      return not_offered();
    default:
      return fmt::format(R"({{"version":"{}"}})", llm::ollama::kApiVersion);
  }
}

}  // namespace omni::filters
