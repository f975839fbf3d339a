#include "source/config/check.h"

#include <fmt/format.h>

#include <ostream>

#include "source/base/status.h"
#include "source/config/absent.h"
#include "source/config/loader.h"

namespace omni {
int check_config(const std::string& path, const FilterRegistry& registry, std::ostream& out,
                 const ConfigInput& input) {
  AbsentStore store;
  AbsentStats stats;
  const LoadResult result = load_config(path, {registry, stats, store, input});
  for (const ConfigError& error : result.errors) out << error.text() << '\n';
  if (!result.ok()) return 1;
  out << fmt::format("{}: ok ({} providers, {} listeners)\n", path, result.config.providers.size(),
                     result.config.listeners.size());
  return 0;
}

}  // namespace omni
