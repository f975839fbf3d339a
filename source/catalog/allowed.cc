#include "source/catalog/allowed.h"

#include <algorithm>

#include "source/base/strings.h"

namespace omni {

bool is_allowed(const std::vector<std::string>& globs, std::string_view named,
                const Provider& provider, std::string_view model) {
  if (globs.empty()) return true;
  const std::string full = provider.id + "/" + std::string(model);
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    return matches_glob(named, glob) || matches_glob(full, glob) || matches_glob(model, glob);
  });
}

bool is_allowed_account(const std::vector<std::string>& globs, const Provider& provider,
                        const Account* account) {
  if (globs.empty()) return true;
  const std::string_view full = account == nullptr ? provider.id : account->connection;
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    return matches_glob(full, glob) || matches_glob(provider.id, glob);
  });
}

}  // namespace omni
