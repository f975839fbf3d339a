// A name that stands for several targets, and how one of them is chosen.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/strings.h"
#include "source/catalog/names.h"
#include "source/routing/auto_score.h"
#include "source/routing/cells.h"
#include "source/routing/plan.h"
#include "source/routing/stage.h"

namespace omni::routing {

class HandoffBook;

enum class Strategy : uint8_t {
  kPriority,
  kWeighted,
  kRoundRobin,
  kRandom,
  kStrictRandom,
  kLeastUsed,
  kCostOptimized,
  kContextOptimized,
  kFillFirst,
  kPowerOfTwo,
  kLastKnownGood,
  kCacheOptimized,
  kLatency,
  kAuto,
  kHeadroom,
  kResetAware,
  kResetWindow,
  kFusion,
  kPipeline,
  kContextRelay,
};
// Each of its requests asks several steps: it is no step itself.
inline bool asks_several(Strategy strategy) {
  return strategy == Strategy::kFusion || strategy == Strategy::kPipeline;
}
// Some of its requests ask for more than the answer.
inline bool has_stages(Strategy strategy) {
  return asks_several(strategy) || strategy == Strategy::kContextRelay;
}
std::optional<Strategy> strategy_from(std::string_view name);
std::string_view name_of(Strategy strategy);
std::vector<std::string> strategy_names();

// As the file has it: a model by any name that clients may use, `provider/*`, or another combo.
struct ComboStep {
  std::string model;
  std::string combo;    // Exactly one of the two is set.
  std::string account;  // Of the model's provider; empty: any.
  double weight = 1;
  StageRole role = StageRole::kStep;
  std::string prompt;
};

struct ComboConfig {
  std::string name;  // May hold `*`: then it is a pattern for names that nothing else has.
  Strategy strategy = Strategy::kPriority;
  std::vector<ComboStep> steps;
  Rules rules;
  int sticky = 1;  // Requests in a row that round robin gives to one target.
  ProxyChoice proxy;
  AutoRule scoring;  // Of kAuto.
  PanelRule panel;
  HandoffRule handoff;
};

// Choosing among a hundred is mostly waiting for memory: what most strategies look at is in the
// first of its lines.
struct alignas(64) ComboTarget {
  int64_t context = 0;  // Tokens; 0: not known.
  // Of the provider, of its first account, and target.cell; null before attach().
  const ProviderCell* provider = nullptr;
  const AccountCell* account = nullptr;
  const TargetCell* cell = nullptr;
  uint64_t hash = 0;             // Of provider and model.
  bool has_one_account = false;  // That one.
  uint8_t lacks = 0;             // What its model is known not to do: Modality bits, kToolCalls.
  // Of kAuto: what the factors that no request changes add to the score, for Pack::kOwn.
  float own_score = 0;
  double weight = 1;                         // Its share, whatever the sum.
  double price = 0;                          // Of a million tokens in and out; infinite: not known.
  Target target;                             // With an account when the step names one.
  std::array<float, kPacks> fixed_scores{};  // As own_score, for each pack.
  double cost = 0;      // As price, weighed 0.6 to 0.4 as requests usually are.
  double discount = 0;  // Of `price`, where the prompt is in the provider's cache.
  // What SessionPins calls it; never 0.
  uint16_t pin() const { return static_cast<uint16_t>(hash | 1); }
};

// What some target is known not to do.
uint8_t lacked_by_some(const std::vector<ComboTarget>& targets);

// What is known of a provider's model.
ComboTarget make_target(const Provider& provider, std::string model, double weight);

// Reserved for what is built in.
bool is_auto_name(std::string_view name);

struct Combo {
  std::string name;
  Strategy strategy = Strategy::kPriority;
  Rules rules;
  int sticky = 1;
  ProxyChoice proxy;                 // Of what is asked for by this name.
  Weights weights{};                 // Of Pack::kOwn.
  uint8_t lacks = 0;                 // What some target is known not to do.
  std::vector<ComboTarget> targets;  // Nested ones flattened; at most ComboCell::kMostTargets.
  std::vector<Stage> stages;         // Of kFusion, kPipeline, kContextRelay (its summary's alone).
  PanelRule panel;
  HandoffRule handoff;
  std::shared_ptr<ComboCell> cell;
  std::shared_ptr<HandoffBook> handoffs;  // Of kContextRelay.
  // Who owns what the targets' pointers lead to.
  std::vector<std::shared_ptr<TargetCell>> cells;
};

// Whether these globs let a target be asked through the combo, by whichever name of it the client
// said: who lists the combo, as NAME or combo/NAME, reaches all of it.
bool is_allowed(const std::vector<std::string>& globs, std::string_view named, const Combo& combo,
                const Target& target);

// All combos of a snapshot.
class ComboList {
 public:
  ComboList() = default;
  explicit ComboList(std::vector<Combo> combos);

  // By name, `combo/NAME`, or the longest pattern that matches; null when none does. Valid as long
  // as the snapshot.
  const Combo* find(std::string_view name) const;
  const std::vector<Combo>& all() const { return combos_; }

 private:
  std::vector<Combo> combos_;
  StringMap<size_t> by_name_;
  std::vector<size_t> patterns_;  // Longest first.
};

// Where a step leads to, and why it does not.
struct FlattenFailure {
  size_t step = 0;
  std::string message;
};

// The targets and stages of `config`, nested combos in the place of their step: their weights share
// the step's. Fails for a name that means nothing, a circle, nesting beyond kMostDepth, too many
// targets.
class Flattener {
 public:
  static constexpr int kMostDepth = 10;
  // Everything outlives this.
  Flattener(const std::vector<ComboConfig>& combos, const ProviderList& providers,
            const AliasMap& aliases)
      : combos_(combos), providers_(providers), aliases_(aliases) {}

  std::optional<FlattenFailure> flatten(const ComboConfig& config, Combo& out);

 private:
  std::string add(const ComboStep& step, double weight, int depth, std::vector<ComboTarget>& out);
  std::string add_model(const ComboStep& step, double weight, std::vector<ComboTarget>& out);
  std::string add_combo(const ComboStep& step, double weight, int depth,
                        std::vector<ComboTarget>& out);

  const std::vector<ComboConfig>& combos_;
  const ProviderList& providers_;
  const AliasMap& aliases_;
  std::vector<std::string_view> way_;  // The combos that are being flattened.
};

}  // namespace omni::routing
