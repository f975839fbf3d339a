#include "source/config/stage_rules.h"

#include <absl/time/time.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace omni {
namespace {

using routing::StageRole;
using routing::Strategy;

constexpr size_t kMostPromptBytes = 32 * 1024;
constexpr size_t kMostSteps = 16;

constexpr std::array<std::string_view, 4> kPanelKeys = {"panel_minimum", "panel_timeout",
                                                        "panel_grace", "panel_parallel"};
constexpr std::array<std::string_view, 6> kHandoffKeys = {"handoff_model",     "handoff_messages",
                                                          "handoff_tokens",    "handoff_timeout",
                                                          "handoff_threshold", "handoff_providers"};
constexpr size_t kMostHandoffProviders = 10;
constexpr double kMostThreshold = 0.94;  // With less left there may be too little for a summary.

template <size_t kSize>
void refuse(MappingReader& config, const std::array<std::string_view, kSize>& keys,
            std::string_view strategy) {
  for (const std::string_view key : keys)
    if (config.has(key)) config.fail(key, fmt::format("is for the strategy {} only", strategy));
}

void read_panel(MappingReader& config, routing::PanelRule& out) {
  out.minimum = static_cast<int>(config.integer("panel_minimum", 1, kMostSteps).value_or(0));
  out.timeout =
      config.duration("panel_timeout", absl::Milliseconds(1), absl::Hours(1)).value_or(out.timeout);
  out.grace =
      config.duration("panel_grace", absl::ZeroDuration(), absl::Hours(1)).value_or(out.grace);
  out.parallel =
      static_cast<int>(config.integer("panel_parallel", 1, kMostSteps).value_or(out.parallel));
}

void read_handoff(MappingReader& config, routing::ComboConfig& out) {
  routing::HandoffRule& rule = out.handoff;
  rule.max_messages =
      static_cast<int>(config.integer("handoff_messages", 5, 100).value_or(rule.max_messages));
  rule.max_tokens =
      static_cast<int>(config.integer("handoff_tokens", 64, 8192).value_or(rule.max_tokens));
  rule.timeout = config.duration("handoff_timeout", absl::Milliseconds(1), absl::Minutes(5))
                     .value_or(rule.timeout);
  rule.threshold = config.number("handoff_threshold", 0.5).value_or(rule.threshold);
  if (rule.threshold > kMostThreshold)
    config.fail("handoff_threshold", "must not be more than 0.94");
  rule.providers = config.text_list("handoff_providers");
  if (rule.providers.size() > kMostHandoffProviders)
    config.fail("handoff_providers",
                fmt::format("must not have more than {} entries", kMostHandoffProviders));
  if (const std::optional<std::string> model = config.text("handoff_model")) {
    routing::ComboStep& step = out.steps.emplace_back();
    step.model = *model;
    step.role = StageRole::kSummary;
  }
}

}  // namespace

void read_stage(MappingReader& target, Strategy strategy, routing::ComboStep& out) {
  if (target.boolean("judge").value_or(false)) out.role = StageRole::kJudge;
  if (target.has("judge") && strategy != Strategy::kFusion)
    target.fail("judge", "is for the strategy fusion only");
  out.prompt = target.text("prompt").value_or("");
  if (target.has("prompt") && !routing::asks_several(strategy))
    target.fail("prompt", "is for the strategies fusion and pipeline only");
  if (out.prompt.size() > kMostPromptBytes)
    target.fail("prompt", fmt::format("must not have more than {} bytes", kMostPromptBytes));
}

void read_stage_rules(MappingReader& config, routing::ComboConfig& out) {
  if (out.strategy == Strategy::kFusion)
    read_panel(config, out.panel);
  else
    refuse(config, kPanelKeys, "fusion");
  if (out.strategy == Strategy::kContextRelay)
    read_handoff(config, out);
  else
    refuse(config, kHandoffKeys, "context-relay");
}

void check_stages(MappingReader& combo, routing::ComboConfig& out) {
  if (!routing::asks_several(out.strategy) || out.steps.empty()) return;
  if (out.steps.size() < 2)
    return combo.fail("targets",
                      fmt::format("a {} has at least two", routing::name_of(out.strategy)));
  const bool judges = out.strategy == Strategy::kFusion;
  const size_t most = kMostSteps + (judges ? 1 : 0);
  if (out.steps.size() > most)
    return combo.fail("targets",
                      fmt::format("a {} has at most {}", routing::name_of(out.strategy), most));
  if (!judges) return;
  const auto is_judge = [](const auto& step) { return step.role == StageRole::kJudge; };
  const auto count = std::count_if(out.steps.begin(), out.steps.end(), is_judge);
  if (count > 1) return combo.fail("targets", "one judges, not several");
  if (count == 0) out.steps.back().role = StageRole::kJudge;
  const auto panel = static_cast<int>(out.steps.size()) - 1;
  if (out.panel.minimum > panel)
    return combo.fail("targets",
                      fmt::format("panel_minimum is {}, and beside the judge there {} {}",
                                  out.panel.minimum, panel == 1 ? "is" : "are", panel));
  if (out.panel.minimum == 0) out.panel.minimum = std::min(2, panel);
}

}  // namespace omni
