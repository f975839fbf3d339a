#include "source/routing/auto_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "source/catalog/origin.h"
#include "source/routing/auto_score.h"

namespace omni::routing {
namespace {

// What a word behind "auto/" or ":" makes of the order and the pool.
struct Variant {
  std::string_view word;
  Strategy strategy = Strategy::kAuto;
  Pack pack = Pack::kBalanced;
  bool only_here = false;  // Of providers on this host or network.
  bool only_free = false;
};
constexpr std::array<Variant, 6> kVariants = {
    {{.word = "fast", .pack = Pack::kShipFast},
     {.word = "cheap", .pack = Pack::kCostSaver},
     {.word = "offline", .pack = Pack::kOfflineFriendly, .only_here = true},
     {.word = "smart", .pack = Pack::kQualityFirst},
     {.word = "lkgp", .strategy = Strategy::kLastKnownGood},
     {.word = "chaos", .pack = Pack::kChaos}}};
constexpr std::array<Variant, 6> kTiers = {{{.word = "fast", .pack = Pack::kShipFast},
                                            {.word = "cheap", .pack = Pack::kCostSaver},
                                            {.word = "floor", .strategy = Strategy::kCostOptimized},
                                            {.word = "reliable", .pack = Pack::kReliabilityFirst},
                                            {.word = "free", .only_free = true},
                                            {.word = "pro", .pack = Pack::kQualityFirst}}};

struct Built {
  std::string name;
  Variant variant;
  Task task = Task::kAny;
};

std::vector<Built> all_built() {
  std::vector<Built> out;
  out.push_back({.name = "auto", .variant = {}});
  for (const Variant& each : kVariants)
    out.push_back({.name = fmt::format("auto/{}", each.word), .variant = each});
  for (const std::string& word : task_names()) {
    const Task task = *task_from(word);
    // Whoever names a task wants it done well.
    const Variant plain{.pack = Pack::kQualityFirst};
    out.push_back({.name = "auto/" + word, .variant = plain, .task = task});
    for (const Variant& tier : kTiers)
      out.push_back(
          {.name = fmt::format("auto/{}:{}", word, tier.word), .variant = tier, .task = task});
  }
  return out;
}

bool is_connected(const Provider& provider) {
  if (provider.models.empty()) return false;
  return provider.is_demo || provider.auth == AuthStyle::kNone || !provider.accounts.empty();
}

// On this host or in a network that is not public.
bool is_here(const Provider& provider) {
  if (provider.is_demo) return true;
  return is_private_literal(provider.base.origin.host);
}

bool is_free(const Provider& provider, const Model& model) {
  return provider.is_demo || (model.price && model.price->input == 0 && model.price->output == 0);
}

// The first that may be listed, or the first that fits the task better than half.
const Model* choose_model(const Provider& provider, const Built& built) {
  const Model* first = nullptr;
  for (const Model& each : provider.models) {
    if (each.hidden || (built.variant.only_free && !is_free(provider, each))) continue;
    if (first == nullptr) first = &each;
    const bool fits = built.task == Task::kAny || fit_for(built.task, &each, each.id) > 0;
    if (fits) return &each;
  }
  return first;
}

void narrow(Task task, std::vector<ComboTarget>& pool) {
  if (task == Task::kAny) return;
  const auto lacks = [&](const ComboTarget& each) {
    const std::string& model = each.target.model;
    return fit_for(task, each.target.provider->find_model(model), model) == 0;
  };
  if (std::all_of(pool.begin(), pool.end(), lacks)) return;
  pool.erase(std::remove_if(pool.begin(), pool.end(), lacks), pool.end());
}

std::vector<ComboTarget> make_pool(const ProviderList& providers, const Built& built, bool demos) {
  std::vector<ComboTarget> out;
  for (const Provider& each : providers.all()) {
    if (each.is_demo != demos || !is_connected(each)) continue;
    if (built.variant.only_here && !is_here(each)) continue;
    const Model* model = choose_model(each, built);
    if (model == nullptr || out.size() >= ComboCell::kMostTargets) continue;
    out.push_back(make_target(each, model->id, 1));
  }
  narrow(built.task, out);
  return out;
}

}  // namespace

std::vector<std::string> auto_names() {
  std::vector<std::string> out;
  for (Built& each : all_built()) out.push_back(std::move(each.name));
  return out;
}

bool is_listed(std::string_view name) {
  return !is_auto_name(name) || name.find(':') == std::string_view::npos;
}

std::vector<Combo> make_auto_combos(const ProviderList& providers) {
  const auto& all = providers.all();
  const bool only_demos = std::none_of(all.begin(), all.end(), [](const Provider& each) {
    return !each.is_demo && is_connected(each);
  });
  std::vector<Combo> out;
  for (Built& built : all_built()) {
    Combo made{.name = std::move(built.name), .strategy = built.variant.strategy};
    made.rules.max_retries = 1;
    made.rules.target_timeout = absl::Seconds(120);
    made.targets = make_pool(providers, built, only_demos);
    if (made.targets.empty()) continue;
    prepare_scores({.pack = built.variant.pack, .task = built.task}, made);
    out.push_back(std::move(made));
  }
  return out;
}

}  // namespace omni::routing
