// What this binary is made of.
#pragma once

#include <string>

namespace omni {

// Version, commit, then one library per line.
std::string version_text();

}  // namespace omni
