// `omniroute check`: every error of a configuration, and nothing touched.
#pragma once

#include <iosfwd>
#include <string>

#include "api/filter_registry.h"
#include "source/config/config_input.h"

namespace omni {

// Prints one line per error to `out`, or one line saying that the file is fine. Returns the exit
// code: 0 or 1. Opens no store, no socket and no connection.
int check_config(const std::string& path, const FilterRegistry& registry, std::ostream& out,
                 const ConfigInput& input = ConfigInput::real());

}  // namespace omni
