// What a model has to do to take a call.
#pragma once

#include <cstdint>

#include "api/exchange.h"
#include "source/catalog/provider.h"
#include "source/llm/modalities.h"
#include "source/routing/combo.h"

namespace omni::filters {

// Modality bits and kToolCalls: what `facts` say that the client's call needs, of what some target
// of `combo` is known not to do. Nothing is looked for where all can do the same. `combo` may be
// null.
inline uint8_t needs_of(const Facts& facts, const routing::Combo* combo) {
  const uint8_t lacks = combo != nullptr ? combo->lacks : 0;
  uint8_t out = facts.call.offers_tools() ? kToolCalls : 0;
  if ((lacks & ~kToolCalls) != 0)
    out |= llm::modalities_in(facts.call.dialect(), facts.call.body());
  return out & lacks;
}

}  // namespace omni::filters
