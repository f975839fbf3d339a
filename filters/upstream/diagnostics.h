// What became of a combo's targets, for programs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "filters/upstream/ending.h"

namespace omni::filters {

// The members `diagnostics` and `recovery_hint` of the body that ends a request, as LocalReply
// takes them. Names no account: whose keys a gateway has is not its clients' business.
std::string make_diagnostics(const EndingInput& input, const LocalReply& reply);
// Gives these to a reply of `exchange` that has none.
void add_diagnostics(Exchange& exchange, LocalReply& reply);

// What the client is told when its key has nothing left for `next`, which then is not asked;
// nothing while it has. What the exchange has cost by now is taken first.
std::optional<LocalReply> refuse_unpaid(Exchange& exchange, std::string_view next);

}  // namespace omni::filters
