// What a gateway key lets its holder ask for.
#pragma once

#include <string_view>

#include "api/snapshot.h"
#include "source/routing/combo.h"

namespace omni::filters {

// `named` is what the client asks for. No key, or one without a list, may use everything.
bool may_use(const GatewayKey* key, std::string_view named, const Provider& provider,
             std::string_view model);
// The same through a combo.
bool may_use(const GatewayKey* key, std::string_view named, const routing::Combo& combo,
             const Target& target);

}  // namespace omni::filters
