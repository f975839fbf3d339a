// What the configuration language has and this version does not do yet, in one table. Using it is
// refused with a clear line: a setting that is silently ignored would be worse.
#pragma once

#include <string>
#include <string_view>

#include "source/catalog/dialect.h"
#include "source/config/mapping_reader.h"

namespace omni {

inline constexpr std::string_view kNotAvailable = "not available in this version";

// Refuses `key` of `reader` if it asks for something of the table under `rule` ("combos").
// What is written to say that the feature is off ("enabled: false") is fine.
void refuse_not_built(MappingReader& reader, std::string_view key, std::string_view rule);

// For a filter that is not registered: true when its settings say that it is off.
bool is_switched_off(std::string_view filter, const ConfigValue& settings, std::string path,
                     ConfigErrors& errors);

}  // namespace omni
