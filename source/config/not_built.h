// What the configuration language has and this version does not do yet, in one table. Using it is
// refused with a clear line: a setting that is silently ignored would be worse.
#pragma once

#include <string>
#include <string_view>

#include "source/catalog/dialect.h"
#include "source/config/mapping_reader.h"

namespace omni {

inline constexpr std::string_view kNotAvailable = "not available in this version";

// For a filter that is not registered: true when its settings say that it is off.
bool is_switched_off(std::string_view filter, const ConfigValue& settings, std::string path,
                     ConfigErrors& errors);

}  // namespace omni
