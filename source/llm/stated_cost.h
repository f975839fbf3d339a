// What answers say of their price beside the tokens.
#pragma once

#include "source/json/skim.h"
#include "source/llm/usage.h"

namespace omni::llm {

// The tier that `value` names, as a word; what leaves it open changes nothing.
void take_tier(const json::Skimmed& value, Usage& usage);
// The member `cost_in_usd_ticks` of a usage object, which xAI writes: ten billion are a dollar.
// Other members, and what cannot be a cost, change nothing.
void take_stated_cost(const json::Skimmed& member, Usage& usage);

}  // namespace omni::llm
