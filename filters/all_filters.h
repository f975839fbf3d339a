// What this binary can do.
#pragma once

#include "api/filter_registry.h"

namespace omni {

void register_all_filters(FilterRegistry& registry);

}  // namespace omni
