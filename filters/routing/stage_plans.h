// The stages of a combo as one client may use them.
#pragma once

#include <absl/functional/function_ref.h>

#include <memory>

#include "api/snapshot.h"
#include "source/routing/combo.h"

namespace omni::filters {

// Whether the client may use a target, and somebody has a key to it.
using IsUsable = absl::FunctionRef<bool(const Target&)>;

// `plan` is the combo's own, by whose rules the stages run. A stage that cannot be used is there
// all the same, with an empty plan: what that means is for its strategy to say.
std::shared_ptr<const routing::StagePlans> plan_stages(const Snapshot& snapshot,
                                                       const routing::Combo& combo,
                                                       const Plan& plan, IsUsable is_usable);

// Whether the target answers clients; one that makes summaries only does not.
bool is_for_answers(const routing::Combo& combo, uint16_t place);

}  // namespace omni::filters
