// The library behind the store, for `omniroute version`.
#pragma once

#include <string>

namespace omni::store {

// One "name version" per line.
std::string library_versions();

}  // namespace omni::store
