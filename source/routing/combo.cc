#include "source/routing/combo.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <utility>

#include "source/catalog/allowed.h"

namespace omni::routing {
namespace {

constexpr std::string_view kComboPrefix = "combo/";

struct Named {
  std::string_view name;
  Strategy strategy;
};
constexpr std::array<Named, 20> kStrategies = {{{"priority", Strategy::kPriority},
                                                {"weighted", Strategy::kWeighted},
                                                {"round-robin", Strategy::kRoundRobin},
                                                {"random", Strategy::kRandom},
                                                {"strict-random", Strategy::kStrictRandom},
                                                {"least-used", Strategy::kLeastUsed},
                                                {"cost-optimized", Strategy::kCostOptimized},
                                                {"context-optimized", Strategy::kContextOptimized},
                                                {"fill-first", Strategy::kFillFirst},
                                                {"p2c", Strategy::kPowerOfTwo},
                                                {"lkgp", Strategy::kLastKnownGood},
                                                {"cache-optimized", Strategy::kCacheOptimized},
                                                {"latency", Strategy::kLatency},
                                                {"auto", Strategy::kAuto},
                                                {"headroom", Strategy::kHeadroom},
                                                {"reset-aware", Strategy::kResetAware},
                                                {"reset-window", Strategy::kResetWindow},
                                                {"fusion", Strategy::kFusion},
                                                {"pipeline", Strategy::kPipeline},
                                                {"context-relay", Strategy::kContextRelay}}};

constexpr uint8_t kModalities = kText | kImage | kAudio | kVideo | kFile;

uint8_t lacks_of(const Model& model) {
  uint8_t out = 0;
  if (model.inputs != 0) out |= static_cast<uint8_t>(kModalities & ~model.inputs);
  if (model.calls_tools == false) out |= kToolCalls;
  return out;
}

}  // namespace

ComboTarget make_target(const Provider& provider, std::string model, double weight) {
  ComboTarget out;
  const Model* known = provider.find_model(model);
  out.price = std::numeric_limits<double>::infinity();
  out.cost = out.price;
  if (known != nullptr && known->price) {
    out.price = known->price->input + known->price->output;
    out.discount =
        std::max(known->price->input - known->price->cached.value_or(known->price->input), 0.0);
    out.cost = 0.6 * known->price->input + 0.4 * known->price->output;
  }
  if (provider.is_demo) out.price = out.cost = 0;
  if (known != nullptr) {
    out.context = known->context;
    out.lacks = lacks_of(*known);
  }
  out.weight = weight;
  out.hash = std::hash<std::string_view>{}(provider.id) * 31 + std::hash<std::string>{}(model);
  out.target = {.provider = &provider, .model = std::move(model)};
  return out;
}

uint8_t lacked_by_some(const std::vector<ComboTarget>& targets) {
  uint8_t out = 0;
  for (const ComboTarget& each : targets) out |= each.lacks;
  return out;
}

std::optional<Strategy> strategy_from(std::string_view name) {
  for (const Named& known : kStrategies)
    if (known.name == name) return known.strategy;
  return std::nullopt;
}

std::string_view name_of(Strategy strategy) {
  for (const Named& known : kStrategies)
    if (known.strategy == strategy) return known.name;
  return "";
}

std::vector<std::string> strategy_names() {
  std::vector<std::string> out;
  for (const Named& known : kStrategies) out.emplace_back(known.name);
  return out;
}

bool is_auto_name(std::string_view name) { return name == "auto" || name.substr(0, 5) == "auto/"; }

bool is_allowed(const std::vector<std::string>& globs, std::string_view named, const Combo& combo,
                const Target& target) {
  const auto lets = [&](std::string_view name) {
    return omni::is_allowed(globs, name, *target.provider, target.model);
  };
  return lets(named) || lets(combo.name) || lets(fmt::format("{}{}", kComboPrefix, combo.name));
}

ComboList::ComboList(std::vector<Combo> combos) : combos_(std::move(combos)) {
  for (Combo& each : combos_) each.lacks = lacked_by_some(each.targets);
  for (size_t i = 0; i < combos_.size(); ++i) {
    by_name_.emplace(combos_[i].name, i);
    if (combos_[i].name.find('*') != std::string::npos) patterns_.push_back(i);
  }
  std::stable_sort(patterns_.begin(), patterns_.end(), [&](size_t a, size_t b) {
    return combos_[a].name.size() > combos_[b].name.size();
  });
}

const Combo* ComboList::find(std::string_view name) const {
  if (combos_.empty()) return nullptr;
  if (const auto it = by_name_.find(name); it != by_name_.end()) return &combos_[it->second];
  if (name.substr(0, kComboPrefix.size()) == kComboPrefix) {
    const auto it = by_name_.find(name.substr(kComboPrefix.size()));
    return it == by_name_.end() ? nullptr : &combos_[it->second];
  }
  if (is_auto_name(name)) return nullptr;
  for (const size_t at : patterns_)
    if (matches_glob(name, combos_[at].name)) return &combos_[at];
  return nullptr;
}

std::optional<FlattenFailure> Flattener::flatten(const ComboConfig& config, Combo& out) {
  const bool has_stages = asks_several(config.strategy);
  way_.assign(1, config.name);
  for (size_t i = 0; i < config.steps.size(); ++i) {
    const ComboStep& step = config.steps[i];
    const size_t first = out.targets.size();
    std::string wrong = add(step, step.weight, 1, out.targets);
    if (wrong.empty() && out.targets.size() > ComboCell::kMostTargets)
      wrong = fmt::format("makes more than {} targets", ComboCell::kMostTargets);
    if (!wrong.empty()) return FlattenFailure{i, std::move(wrong)};
    if (!has_stages && step.role != StageRole::kSummary) continue;
    out.stages.push_back({.role = step.role,
                          .first = static_cast<uint16_t>(first),
                          .count = static_cast<uint16_t>(out.targets.size() - first),
                          .combo = step.combo,
                          .prompt = step.prompt});
  }
  return std::nullopt;
}

std::string Flattener::add(const ComboStep& step, double weight, int depth,
                           std::vector<ComboTarget>& out) {
  if (out.size() > ComboCell::kMostTargets) return {};
  return step.combo.empty() ? add_model(step, weight, out) : add_combo(step, weight, depth, out);
}

std::string Flattener::add_model(const ComboStep& step, double weight,
                                 std::vector<ComboTarget>& out) {
  std::vector<NamedTarget> named;
  constexpr std::string_view kAll = "/*";
  const std::string_view model = step.model;
  if (model.size() > kAll.size() && model.substr(model.size() - kAll.size()) == kAll) {
    const Provider* provider = providers_.find(model.substr(0, model.size() - kAll.size()));
    if (provider == nullptr)
      return fmt::format("no provider is named '{}'", model.substr(0, model.size() - kAll.size()));
    for (const Model& each : provider->models)
      if (!each.hidden) named.push_back({provider, each.id});
    if (named.empty()) return fmt::format("{} lists no models", provider->id);
  } else {
    Resolution names = resolve_name(step.model, providers_, aliases_);
    if (!names.ok()) return names.failure.message;
    named = std::move(names.targets);
  }
  const auto is_absent = [&](const Provider& provider) {
    return std::find(provider.absent_accounts.begin(), provider.absent_accounts.end(),
                     step.account) != provider.absent_accounts.end();
  };
  for (NamedTarget& each : named) {
    if (!step.account.empty() && is_absent(*each.provider)) continue;
    ComboTarget made = make_target(*each.provider, std::move(each.model),
                                   weight / static_cast<double>(named.size()));
    if (!step.account.empty()) {
      for (const Account& account : each.provider->accounts)
        if (account.name == step.account) made.target.account = &account;
      if (made.target.account == nullptr)
        return fmt::format("{} has no account '{}'", each.provider->id, step.account);
    }
    out.push_back(std::move(made));
  }
  return {};
}

std::string Flattener::add_combo(const ComboStep& step, double weight, int depth,
                                 std::vector<ComboTarget>& out) {
  const auto child = std::find_if(combos_.begin(), combos_.end(),
                                  [&](const ComboConfig& each) { return each.name == step.combo; });
  if (child == combos_.end()) return fmt::format("no combo is named '{}'", step.combo);
  if (asks_several(child->strategy))
    return fmt::format("'{}' is a {}, which no combo can have as a step", step.combo,
                       name_of(child->strategy));
  if (std::find(way_.begin(), way_.end(), step.combo) != way_.end())
    return fmt::format("leads in a circle: {} -> {}", fmt::join(way_, " -> "), step.combo);
  if (depth >= kMostDepth) return fmt::format("is nested more than {} deep", kMostDepth);
  double sum = 0;
  for (const ComboStep& each : child->steps) sum += each.weight;
  way_.push_back(child->name);
  std::string wrong;
  for (const ComboStep& each : child->steps) {
    const double share =
        sum > 0 ? each.weight / sum : 1.0 / static_cast<double>(child->steps.size());
    wrong = add(each, weight * share, depth + 1, out);
    if (!wrong.empty()) break;
  }
  way_.pop_back();
  return wrong;
}

}  // namespace omni::routing
