// What became of a combo's targets, for programs.
#pragma once

#include <string>

#include "filters/upstream/ending.h"

namespace omni::filters {

// The members `diagnostics` and `recovery_hint` of the body that ends a request, as LocalReply
// takes them. Names no account: whose keys a gateway has is not its clients' business.
std::string make_diagnostics(const EndingInput& input, const LocalReply& reply);
// Gives these to a reply of `exchange` that has none.
void add_diagnostics(Exchange& exchange, LocalReply& reply);

}  // namespace omni::filters
