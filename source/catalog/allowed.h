// Whether a list of globs lets someone ask for a model.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/catalog/provider.h"

namespace omni {

// `named` is what is asked for, `model` what the provider calls it. An empty list lets everything.
bool is_allowed(const std::vector<std::string>& globs, std::string_view named,
                const Provider& provider, std::string_view model);

}  // namespace omni
