// YAML text to a neutral tree. The only file that knows yaml-cpp, and the one that catches what it
// throws.
#pragma once

#include <cstddef>
#include <string_view>

#include "source/config/config_error.h"
#include "source/config/config_value.h"

namespace omni {

struct YamlLimits {
  size_t text_bytes = 2 * 1024 * 1024;
  size_t nodes = 100'000;
  size_t depth = 64;
};

// Reads one document. Anchors, aliases, tags, `<<`, repeated keys, keys that are no plain text and
// a second document are errors in `errors`; `nodes` counts on over several files. The tree is as
// complete as the errors allow. An empty document is null.
ConfigValue parse_yaml(std::string_view text, int file, const YamlLimits& limits, size_t& nodes,
                       ConfigErrors& errors);

}  // namespace omni
