// The model of last resort: asked when everybody else refused for want of money.
#pragma once

#include <absl/types/span.h>

#include <optional>

#include "api/exchange.h"
#include "source/routing/course.h"

namespace omni::filters {

// The failure says that the account's money, or what it may spend, is gone.
bool is_about_money(const routing::Failure& failure);

// Where the request goes once more; nullopt when the configuration names nobody, or when this is
// none of the requests that another model answers as well: those with a stream, tools or stages,
// and those of keys that may not use it. `tells_of_money`: an attempt failed for that; `skipped`
// are those that were not tried. Caps the answer's tokens.
std::optional<Plan> emergency_plan(Exchange& exchange, bool tells_of_money,
                                   absl::Span<const routing::Skipped> skipped);

}  // namespace omni::filters
