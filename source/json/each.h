// Visiting what an object or an array holds, where the first error ends it.
#pragma once

#include <absl/status/status.h>

#include "source/base/status.h"
#include "source/json/skim.h"

namespace omni::json {

// Calls `visit(const Skimmed&) -> absl::Status` for each member or item to the end; a scalar has
// none.
template <class Visit>
absl::Status each(Skimmer& skimmer, Visit visit) {
  Skimmed member;
  while (skimmer.next(member)) OMNI_RETURN_IF_ERROR(visit(member));
  return skimmer.status();
}
template <class Visit>
absl::Status each(const Skimmed& nested, Visit visit) {
  if (nested.kind != Kind::kObject && nested.kind != Kind::kArray) return absl::OkStatus();
  Skimmer skimmer(nested);
  return each(skimmer, visit);
}

}  // namespace omni::json
