#include "source/llm/model_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/llm/anthropic/model_list.h"
#include "source/llm/gemini/model_list.h"
#include "source/llm/ollama/model_list.h"
#include "source/llm/openai/models.h"

namespace omni::llm {
namespace {

bool is_served(const Provider& provider) {
  return !provider.accounts.empty() || provider.auth == AuthStyle::kNone || provider.is_demo;
}

}  // namespace

std::optional<ListedModel> find_model(std::string_view id, const ProviderList& providers,
                                      const AliasMap& aliases, Visible visible, std::string& why) {
  Resolution names = resolve_name(id, providers, aliases);
  if (!names.ok()) {
    why = std::move(names.failure.message);
    return std::nullopt;
  }
  NamedTarget& target = names.targets.front();
  if (!visible(id, *target.provider, target.model)) {
    why = fmt::format("The model '{}' does not exist.", id);
    return std::nullopt;
  }
  const Model* known = target.provider->find_model(target.model);
  ListedModel out{std::string(id), std::move(target.model), target.provider->id, target.provider,
                  known};
  if (aliases.contains(id)) {
    out.root = fmt::format("{}/{}", target.provider->id, out.root);
    out.owner = "alias";
  }
  return out;
}

std::vector<ListedModel> list_models(const ProviderList& providers, const AliasMap& aliases,
                                     Visible visible, const Provider* only) {
  std::vector<ListedModel> out;
  for (const Provider& provider : providers.all()) {
    if (!is_served(provider) || (only != nullptr && only != &provider)) continue;
    for (const Model& model : provider.models) {
      std::string id = fmt::format("{}/{}", provider.id, model.id);
      if (!model.hidden && visible(id, provider, model.id))
        out.push_back({std::move(id), model.id, provider.id, &provider, &model});
    }
  }
  if (only != nullptr) return out;
  std::vector<std::string_view> names;
  for (const auto& [alias, target] : aliases)
    if (alias.find('*') == std::string::npos) names.push_back(alias);
  std::sort(names.begin(), names.end());
  std::string why;
  for (const std::string_view alias : names) {
    std::optional<ListedModel> row = find_model(alias, providers, aliases, visible, why);
    if (row && is_served(*row->provider)) out.push_back(*std::move(row));
  }
  return out;
}

std::variant<std::string, CallError> render_models(Dialect dialect,
                                                   absl::Span<const ListedModel> models,
                                                   const ListQuery& query) {
  switch (dialect) {
    case Dialect::kAnthropic:
      return anthropic::render_models(models, query);
    case Dialect::kGemini:
      return gemini::render_models(models, query);
    case Dialect::kOllama:
      return ollama::render_models(models, query);
    default:
      return openai::render_models(models);
  }
}

std::string render_model(Dialect dialect, const ListedModel& model, const ListQuery& query) {
  switch (dialect) {
    case Dialect::kAnthropic:
      return anthropic::render_model(model);
    case Dialect::kGemini:
      return gemini::render_model(model);
    case Dialect::kOllama:
      return ollama::render_model(model, query);
    default:
      return openai::render_model(model);
  }
}

}  // namespace omni::llm
