// Whether a list of globs lets someone ask for a model, or use an account.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/catalog/provider.h"

namespace omni {

// `named` is what is asked for, `model` what the provider calls it. An empty list lets everything.
bool is_allowed(const std::vector<std::string>& globs, std::string_view named,
                const Provider& provider, std::string_view model);

// Globs name accounts as PROVIDER or PROVIDER/ACCOUNT. An empty list lets everything; what has no
// account goes by its provider.
bool is_allowed_account(const std::vector<std::string>& globs, const Provider& provider,
                        const Account* account);

}  // namespace omni
