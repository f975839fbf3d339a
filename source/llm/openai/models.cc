#include "source/llm/openai/models.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "source/json/writer.h"

namespace omni::llm::openai {
namespace {

// SDKs want a time; models of a catalogue have none that means anything.
constexpr int64_t kCreated = 1700000000;

void append_entry(std::string& out, std::string_view id, std::string_view owner,
                  std::string_view root, const Model* model) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"id":{},"object":"model","created":{},"owned_by":{},"root":{})",
                 json::quoted(id), kCreated, json::quoted(owner), json::quoted(root));
  out += R"(,"permission":[],"parent":null)";
  if (model != nullptr) {
    if (!model->name.empty()) out += ",\"name\":" + json::quoted(model->name);
    if (model->context > 0)
      fmt::format_to(std::back_inserter(out), R"(,"context_length":{})", model->context);
    if (model->max_output > 0)
      fmt::format_to(std::back_inserter(out), R"(,"max_output_tokens":{})", model->max_output);
    if (model->price) {
      fmt::format_to(std::back_inserter(out), R"(,"pricing":{{"input":{},"output":{})",
                     model->price->input, model->price->output);
      if (model->price->cached)
        fmt::format_to(std::back_inserter(out), R"(,"cached":{})", *model->price->cached);
      out += '}';
    }
  }
  out += '}';
}

}  // namespace

std::string render_models(
    const ProviderList& providers, const AliasMap& aliases,
    absl::FunctionRef<bool(std::string_view id, const Provider&, const Model&)> visible) {
  std::string out = R"({"object":"list","data":[)";
  bool first = true;
  const auto separate = [&] {
    if (!std::exchange(first, false)) out += ',';
  };
  for (const Provider& provider : providers.all()) {
    if (provider.accounts.empty() && provider.auth != AuthStyle::kNone && !provider.is_demo)
      continue;
    for (const Model& model : provider.models) {
      const std::string id = provider.id + "/" + model.id;
      if (!visible(id, provider, model)) continue;
      separate();
      append_entry(out, id, provider.id, model.id, &model);
    }
  }
  std::vector<std::string_view> names;
  for (const auto& [alias, target] : aliases)
    if (alias.find('*') == std::string::npos) names.push_back(alias);
  std::sort(names.begin(), names.end());
  for (const std::string_view alias : names) {
    const Resolution target = resolve_name(alias, providers, aliases);
    if (!target.ok()) continue;
    const Provider& provider = *target.targets.front().provider;
    const Model named{.id = target.targets.front().model};
    const Model* known = provider.find_model(named.id);
    if (!visible(alias, provider, known != nullptr ? *known : named)) continue;
    separate();
    append_entry(out, alias, "alias", provider.id + "/" + named.id, known);
  }
  return out + "]}";
}

std::string render_model(std::string_view id, const Provider& provider, std::string_view model) {
  std::string out;
  append_entry(out, id, provider.id, model, provider.find_model(model));
  return out;
}

}  // namespace omni::llm::openai
