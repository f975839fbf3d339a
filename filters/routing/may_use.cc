#include "filters/routing/may_use.h"

#include "source/catalog/allowed.h"

namespace omni::filters {

bool may_use(const GatewayKey* key, std::string_view named, const Provider& provider,
             std::string_view model) {
  return key == nullptr || is_allowed(key->allowed_models, named, provider, model);
}

bool may_use(const GatewayKey* key, std::string_view named, const routing::Combo& combo,
             const Target& target) {
  return key == nullptr || routing::is_allowed(key->allowed_models, named, combo, target);
}

}  // namespace omni::filters
