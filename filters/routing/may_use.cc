#include "filters/routing/may_use.h"

#include <algorithm>
#include <string>

namespace omni::filters {

bool may_use(const GatewayKey* key, std::string_view named, const Provider& provider,
             std::string_view model) {
  if (key == nullptr || key->allowed_models.empty()) return true;
  const std::string full = provider.id + "/" + std::string(model);
  return std::any_of(
      key->allowed_models.begin(), key->allowed_models.end(), [&](const std::string& glob) {
        return matches_glob(named, glob) || matches_glob(full, glob) || matches_glob(model, glob);
      });
}

}  // namespace omni::filters
