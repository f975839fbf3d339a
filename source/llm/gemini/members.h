// Stepping over the members of what an upstream said.
#pragma once

#include <absl/status/status.h>

#include "source/base/status.h"
#include "source/json/skim.h"
#include "source/llm/text.h"

namespace omni::llm::gemini {

// Calls `visit` (Skimmed to absl::Status) with each member or item.
template <class Visit>
absl::Status each(const json::Skimmed& nested, Visit visit) {
  json::Skimmer skimmer(nested);
  json::Skimmed member;
  while (skimmer.next(member)) OMNI_RETURN_IF_ERROR(visit(member));
  return skimmer.status();
}

// A string; anything else is not given.
inline absl::Status take(const json::Skimmed& value, Text& out) {
  return value.kind == json::Kind::kString ? Text::of(value, out) : absl::OkStatus();
}

}  // namespace omni::llm::gemini
