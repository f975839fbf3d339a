// How `strategy: auto` and the built-in auto models tell who suits a request best: a weighted sum
// of factors, each from 0 to 1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace omni {

struct Model;

namespace routing {

struct Combo;
struct ComboTarget;

enum class Factor : uint8_t {
  kQuota,      // What is left of the limits of its freest account.
  kHealth,     // The breaker: closed 1, half open 0.5, open 0.
  kCost,       // The cheapest of the pool 1, the dearest 0.
  kLatency,    // Time to the first token: none 1, 1.5 s 0.5.
  kTaskFit,    // The model is made for the task.
  kStability,  // The share of its attempts that were answered.
  kContext,    // The size of its context window.
  kIdle,       // Free of requests 1, with one 0.5.
  kAccounts,   // How many accounts it has, beside the pool's most.
  kCache,      // Where this conversation's prompt is cached.
  kReset,      // How soon its limits are whole again.
  kChance,     // By lot.
};
inline constexpr size_t kFactors = 12;
using Weights = std::array<float, kFactors>;
std::string_view name_of(Factor factor);

// Weights that have a name. kOwn stands for the combo's own.
enum class Pack : uint8_t {
  kOwn,
  kBalanced,
  kShipFast,
  kCostSaver,
  kQualityFirst,
  kOfflineFriendly,
  kReliabilityFirst,
  kChaos,
};
inline constexpr size_t kPacks = 8;
// By its name, or by the mode that clients know it as ("fast").
std::optional<Pack> pack_from(std::string_view name);
std::vector<std::string> pack_names();
// They sum up to 1. Not of kOwn.
Weights weights_of(Pack pack);
// The same weights with the sum 1; of nothing but zeros: those of kBalanced.
Weights normalised(Weights weights);

enum class Task : uint8_t { kAny, kCoding, kReasoning, kVision, kChat, kMultimodal };
std::optional<Task> task_from(std::string_view name);
std::vector<std::string> task_names();
// From 0 to 1, by what the catalogue says and by the model's name. `model` may be null: then the
// name alone speaks.
double fit_for(Task task, const Model* model, std::string_view id);

// What a configured combo says of its scores.
struct AutoRule {
  Pack pack = Pack::kBalanced;
  std::optional<Weights> weights;  // Instead of the pack's.
  Task task = Task::kAny;
};

// Computes what does not change per request: the combo's weights and its targets' fixed parts.
void prepare_scores(const AutoRule& rule, Combo& combo);

// Of `pack` for the combo. Valid as long as it.
const Weights& weights_for(const Combo& combo, Pack pack);

}  // namespace routing
}  // namespace omni
