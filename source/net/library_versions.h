// The libraries that this layer was linked with, for `omniroute version`.
#pragma once

#include <string>

namespace omni::net {

// One "name version" per line.
std::string library_versions();

}  // namespace omni::net
