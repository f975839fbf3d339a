// The models that are built in: "auto" and its variants stand for whatever is connected.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/catalog/provider.h"
#include "source/routing/combo.h"

namespace omni::routing {

// "auto", "auto/fast", ..., "auto/coding:cheap", ...
std::vector<std::string> auto_names();
// Every name but those of auto models with a ":", which are many.
bool is_listed(std::string_view name);

// A combo for each name whose pool is not empty; without cells. The pool has one target per
// provider that can be asked: its first model, or its first that fits the task of the name. The
// demo provider stands in only where nothing else is connected. A task narrows the pool when
// somebody fits it; `offline` and `free` are promises and narrow it always.
std::vector<Combo> make_auto_combos(const ProviderList& providers);

}  // namespace omni::routing
