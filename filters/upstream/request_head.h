// The heads that cross the gateway: what goes up is made here, what comes down is cleaned.
#pragma once

#include <cstdint>

#include "api/exchange.h"
#include "api/http.h"

namespace omni::filters {

// Path, credentials and the few client headers that providers act on; nothing else of the client's
// head leaves, its key least of all.
RequestHead make_request_head(const Exchange& exchange, const Target& target, uint64_t body_bytes);

// The same for a response that the provider keeps: what the client asks goes on, without a body.
RequestHead make_kept_request_head(const Exchange& exchange, const Target& target);

// Drops what speaks of the provider's connection and site rather than of the answer.
void clean_response_head(ResponseHead& head, bool is_stream);

}  // namespace omni::filters
