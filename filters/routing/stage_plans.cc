#include "filters/routing/stage_plans.h"

#include <algorithm>

namespace omni::filters {
namespace {

void add_places(const routing::Combo& combo, size_t first, size_t count, IsUsable is_usable,
                Plan& out) {
  for (size_t place = first; place < first + count; ++place)
    if (is_usable(combo.targets[place].target)) out.places.push_back(static_cast<uint16_t>(place));
}

}  // namespace

std::shared_ptr<const routing::StagePlans> plan_stages(const Snapshot& snapshot,
                                                       const routing::Combo& combo,
                                                       const Plan& plan, IsUsable is_usable) {
  auto out = std::make_shared<routing::StagePlans>();
  for (const routing::Stage& stage : combo.stages) {
    routing::StagePlan& made = out->all.emplace_back();
    made.stage = &stage;
    const routing::Combo* nested =
        stage.combo.empty() ? nullptr : snapshot.combos->find(stage.combo);
    made.plan.combo = nested != nullptr ? nested : &combo;
    made.plan.rules = nested != nullptr ? nested->rules : plan.rules;
    made.plan.session = plan.session;
    if (nested != nullptr)
      add_places(*nested, 0, nested->targets.size(), is_usable, made.plan);
    else
      add_places(combo, stage.first, stage.count, is_usable, made.plan);
  }
  return out;
}

bool is_for_answers(const routing::Combo& combo, uint16_t place) {
  return std::none_of(combo.stages.begin(), combo.stages.end(), [&](const routing::Stage& stage) {
    return stage.role == routing::StageRole::kSummary && place >= stage.first &&
           place < stage.first + stage.count;
  });
}

}  // namespace omni::filters
