// A configuration file with everything it includes, as one neutral tree.
#pragma once

#include <string>
#include <vector>

#include "source/config/config_error.h"
#include "source/config/config_input.h"
#include "source/config/config_value.h"

namespace omni {

struct Document {
  ConfigValue root;  // A mapping, without `include`; null when the file could not be read.
  std::vector<std::string> files;  // The YAML files in reading order, `path` first.
};

// Reads `path` and its includes: lists are appended, mappings merged, a value set twice is an
// error that names both places. ${...} is replaced in every value.
Document read_document(const std::string& path, const ConfigInput& input, ConfigErrors& errors);

}  // namespace omni
