// By which way a request leaves: directly or through a proxy.
#pragma once

#include "api/exchange.h"
#include "api/plan.h"
#include "source/catalog/origin.h"

namespace omni::filters {

// The target's origin with the proxy that the account, the client's key or else the provider, the
// settings or the environment name (choose_proxy). `room` holds it where it is not the provider's
// own; the result is one of the two.
const Origin& egress_of(Exchange& exchange, const Target& target, Origin& room);

}  // namespace omni::filters
