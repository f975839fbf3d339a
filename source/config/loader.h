// From a file's path to a GatewayConfig, or to every error that the file and its includes hold.
#pragma once

#include <string>
#include <vector>

#include "api/filter_env.h"
#include "api/filter_registry.h"
#include "source/config/config_error.h"
#include "source/config/config_input.h"
#include "source/config/gateway_config.h"

namespace omni {

// What loading needs of the rest of the program. Filters parse their own settings, and may keep
// references to `stats` and `store`.
struct LoadEnv {
  const FilterRegistry& registry;
  StatScope& stats;
  Store& store;
  ConfigInput input;
};

struct LoadResult {
  GatewayConfig config;  // Meaningful only when ok().
  std::vector<ConfigError> errors;

  bool ok() const { return errors.empty(); }
};

// Main thread. `config.sources` is filled even when there are errors, so that a broken include can
// be watched until it is mended.
LoadResult load_config(const std::string& path, const LoadEnv& env);

}  // namespace omni
