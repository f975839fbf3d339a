// What became of a combo's targets, for programs.
#pragma once

#include <cstdint>
#include <string>

#include "filters/upstream/ending.h"

namespace omni::filters {

// The members `diagnostics` and `recovery_hint` of the body that ends a request, as LocalReply
// takes them. Names no account: whose keys a gateway has is not its clients' business.
std::string make_diagnostics(const EndingInput& input, const LocalReply& reply);
// The request itself is at fault: no target would say anything else.
bool is_refusal(int status);
// Seconds until the client may try again, as the reply's headers say; 0: they do not.
int told_wait(const LocalReply& reply, int64_t now_ms);
// Gives these to a reply of `exchange` that has none.
void add_diagnostics(Exchange& exchange, LocalReply& reply);

}  // namespace omni::filters
