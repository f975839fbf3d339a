// ${NAME}, ${NAME:-default} and ${file:PATH} in the values of a configuration.
#pragma once

#include <absl/status/statusor.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "source/config/config_input.h"

namespace omni {

struct Substituted {
  std::string text;
  bool changed = false;       // There was something to replace.
  bool used_default = false;  // At least one default was taken.
};

// Replaces every ${...} once: what comes in is not looked at again. `$${` stands for a literal
// `${`. `:-` also covers a variable that is set and empty. Errors never hold a value.
absl::StatusOr<Substituted> substitute(std::string_view text, const ConfigInput& input);

}  // namespace omni
