// How the last load went: what GET /api/config/status answers.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <optional>
#include <string>

#include "source/config/config_error.h"

namespace omni {

struct ConfigStatus {
  uint64_t generation = 0;                // Of the configuration in force.
  absl::Time loaded_at;                   // When it came into force.
  std::string source;                     // Its file.
  std::optional<ConfigError> last_error;  // The first error of the last load; none when it worked.
  uint64_t reload_failures = 0;           // For omniroute_config_reload_failures_total.
};

}  // namespace omni
