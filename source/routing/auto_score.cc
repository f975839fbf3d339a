#include "source/routing/auto_score.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "source/routing/combo.h"

namespace omni::routing {
namespace {

constexpr std::array<std::string_view, kFactors> kFactorNames = {
    "quota",   "health", "cost",     "latency", "task_fit", "stability",
    "context", "idle",   "accounts", "cache",   "reset",    "chance"};

struct NamedPack {
  std::string_view name, mode;
  Pack pack;
  Factor raised;
  float weight;  // Of the raised one; the others share the rest.
};
constexpr std::array<NamedPack, 7> kNamedPacks = {{
    {"balanced", "balanced", Pack::kBalanced, Factor::kHealth, 0},
    {"ship-fast", "fast", Pack::kShipFast, Factor::kLatency, 0.3048F},
    {"cost-saver", "cheap", Pack::kCostSaver, Factor::kCost, 0.3524F},
    {"quality-first", "quality", Pack::kQualityFirst, Factor::kTaskFit, 0.3524F},
    {"offline-friendly", "offline", Pack::kOfflineFriendly, Factor::kQuota, 0.3524F},
    {"reliability-first", "reliable", Pack::kReliabilityFirst, Factor::kHealth, 0.3524F},
    {"chaos-mode", "chaos", Pack::kChaos, Factor::kChance, 1},
}};

struct NamedTask {
  std::string_view name;
  Task task;
};
constexpr std::array<NamedTask, 5> kNamedTasks = {{{"coding", Task::kCoding},
                                                   {"reasoning", Task::kReasoning},
                                                   {"vision", Task::kVision},
                                                   {"chat", Task::kChat},
                                                   {"multimodal", Task::kMultimodal}}};

size_t at(Factor factor) { return static_cast<size_t>(factor); }

// In the order of Factor. OmniRoute's, without the factors that nothing here can tell.
constexpr Weights kDefaults = {.1429F, .1605F, .1429F, .1143F, .0762F, .0476F,
                               .0476F, .0476F, .0476F, 0,      0,      0};

// One is given its weight, and the others keep their proportions.
Weights raised(const NamedPack& pack, const Weights& from) {
  const float others = 1 - from[at(pack.raised)];
  Weights out = from;
  for (float& weight : out) weight *= (1 - pack.weight) / others;
  out[at(pack.raised)] = pack.weight;
  return out;
}

bool has_any(std::string_view id, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return id.find(word) != std::string_view::npos;
  });
}

bool is_for_code(std::string_view id) {
  return has_any(id, {"code", "coder", "codestral", "devstral", "claude", "gpt-5", "kimi", "glm"});
}

bool reasons(const Model* model, std::string_view id) {
  if (model != nullptr && model->price && model->price->reasoning) return true;
  return id.substr(0, 2) == "o1" || id.substr(0, 2) == "o3" || id.substr(0, 2) == "o4" ||
         has_any(id, {"reason", "think", "-r1", "gpt-5", "claude-opus", "claude-sonnet-4",
                      "gemini-2.5", "gemini-3", "qwq", "/o1", "/o3", "/o4"});
}

double reads(const Model* model, uint8_t modality) {
  if (model == nullptr || model->inputs == 0) return 0;
  return (model->inputs & modality) != 0 ? 1 : 0;
}

double context_size(int64_t tokens) {
  constexpr double kSmall = 8192, kLarge = 1048576;
  if (tokens <= 0) return 0;
  const double at = std::log2(static_cast<double>(tokens) / kSmall) / std::log2(kLarge / kSmall);
  return std::clamp(at, 0.0, 1.0);
}

struct Pool {
  double lowest = std::numeric_limits<double>::infinity(), highest = 0;
  size_t accounts = 1;
};

Pool measure(const Combo& combo) {
  Pool out;
  for (const ComboTarget& each : combo.targets) {
    out.accounts = std::max(out.accounts, each.target.provider->accounts.size());
    if (!std::isfinite(each.cost)) continue;
    out.lowest = std::min(out.lowest, each.cost);
    out.highest = std::max(out.highest, each.cost);
  }
  return out;
}

// Nobody knows whether an unknown price is a low one.
double cheapness(double cost, const Pool& pool) {
  if (!std::isfinite(cost)) return 0;
  return pool.highest > pool.lowest ? (pool.highest - cost) / (pool.highest - pool.lowest) : 1;
}

}  // namespace

std::string_view name_of(Factor factor) { return kFactorNames[at(factor)]; }

std::optional<Pack> pack_from(std::string_view name) {
  for (const NamedPack& each : kNamedPacks)
    if (each.name == name || each.mode == name) return each.pack;
  return std::nullopt;
}

std::vector<std::string> pack_names() {
  std::vector<std::string> out;
  for (const NamedPack& each : kNamedPacks) out.emplace_back(each.name);
  for (const NamedPack& each : kNamedPacks)
    if (each.mode != each.name) out.emplace_back(each.mode);
  return out;
}

Weights normalised(Weights weights) {
  float sum = 0;
  for (const float weight : weights) sum += weight;
  if (sum <= 0) return normalised(kDefaults);
  for (float& weight : weights) weight /= sum;
  return weights;
}

Weights weights_of(Pack pack) {
  const Weights balanced = normalised(kDefaults);
  for (const NamedPack& each : kNamedPacks)
    if (each.pack == pack && pack != Pack::kBalanced) return raised(each, balanced);
  return balanced;
}

std::optional<Task> task_from(std::string_view name) {
  for (const NamedTask& each : kNamedTasks)
    if (each.name == name) return each.task;
  return std::nullopt;
}

std::vector<std::string> task_names() {
  std::vector<std::string> out;
  for (const NamedTask& each : kNamedTasks) out.emplace_back(each.name);
  return out;
}

double fit_for(Task task, const Model* model, std::string_view id) {
  const std::string name = lower(id);
  switch (task) {
    case Task::kCoding:
      return is_for_code(name) ? 1 : 0;
    case Task::kReasoning:
      return reasons(model, name) ? 1 : 0;
    case Task::kVision:
      return reads(model, kImage);
    case Task::kMultimodal:
      return (reads(model, kImage) + reads(model, kAudio) + reads(model, kVideo)) / 3;
    case Task::kChat:
      return 1;
    default: {
      // Whatever it may be: who can do more things fits more of them.
      const double holds_much = model != nullptr && model->context >= 128000 ? 1 : 0;
      return ((reasons(model, name) ? 1 : 0) + reads(model, kImage) + holds_much) / 3;
    }
  }
}

const Weights& weights_for(const Combo& combo, Pack pack) {
  static const std::array<Weights, kPacks> kAll = [] {
    std::array<Weights, kPacks> made{};
    for (size_t i = 1; i < kPacks; ++i) made[i] = weights_of(static_cast<Pack>(i));
    return made;
  }();
  return pack == Pack::kOwn ? combo.weights : kAll[static_cast<size_t>(pack)];
}

void prepare_scores(const AutoRule& rule, Combo& combo) {
  combo.weights = rule.weights ? normalised(*rule.weights)
                               : weights_of(rule.pack == Pack::kOwn ? Pack::kBalanced : rule.pack);
  const Pool pool = measure(combo);
  for (ComboTarget& each : combo.targets) {
    const Provider& provider = *each.target.provider;
    const double cost = cheapness(each.cost, pool);
    const double fit =
        fit_for(rule.task, provider.find_model(each.target.model), each.target.model);
    const double context = context_size(each.context);
    const double accounts =
        static_cast<double>(provider.accounts.size()) / static_cast<double>(pool.accounts);
    for (size_t i = 0; i < kPacks; ++i) {
      const Weights& weights = weights_for(combo, static_cast<Pack>(i));
      each.fixed_scores[i] = static_cast<float>(
          weights[at(Factor::kCost)] * cost + weights[at(Factor::kTaskFit)] * fit +
          weights[at(Factor::kContext)] * context + weights[at(Factor::kAccounts)] * accounts);
    }
    each.own_score = each.fixed_scores[static_cast<size_t>(Pack::kOwn)];
  }
}

}  // namespace omni::routing
