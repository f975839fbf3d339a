#include "source/catalog/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace omni {
namespace {

constexpr int kMaxAliasHops = 8;
constexpr size_t kMaxNameBytes = 256;

// What could leave the path or the header it is put into.
bool is_unsafe(std::string_view name) {
  if (name.size() > kMaxNameBytes || name.find("..") != std::string_view::npos) return true;
  return std::any_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x21 || c == 0x7f || c == '%' || c == '?' || c == '#' ||
           c == '\\';
  });
}

// The alias that `name` stands for, exact before globs; empty when there is none.
std::string_view find_alias(std::string_view name, const AliasMap& aliases) {
  if (const auto exact = aliases.find(name); exact != aliases.end()) return exact->second;
  // The longest pattern is the most exact one; ties go by the alphabet, so the answer is stable.
  const AliasMap::value_type* best = nullptr;
  for (const auto& entry : aliases) {
    if (entry.first.find('*') == std::string::npos || !matches_glob(name, entry.first)) continue;
    if (best == nullptr || entry.first.size() > best->first.size() ||
        (entry.first.size() == best->first.size() && entry.first < best->first))
      best = &entry;
  }
  return best == nullptr ? std::string_view() : std::string_view(best->second);
}

std::string suggestion(std::string_view name, const ProviderList& providers,
                       const AliasMap& aliases) {
  std::vector<std::string> known;
  for (const auto& [alias, target] : aliases) known.push_back(alias);
  for (const Provider& provider : providers.all()) {
    for (const Model& model : provider.models) {
      known.push_back(provider.id + "/" + model.id);
      // A bare id that several list leads nowhere.
      if (providers.listing(model.id).size() == 1) known.push_back(model.id);
    }
  }
  std::sort(known.begin(), known.end());
  const std::vector<std::string> near = nearest(name, known, 3);
  return near.empty() ? "" : fmt::format(" Did you mean {}?", fmt::join(near, ", "));
}

Resolution failure(std::string message, int status = 400) {
  Resolution out;
  out.failure.status = status;
  out.failure.message = std::move(message);
  return out;
}

Resolution one(const Provider* provider, std::string_view model) {
  Resolution out;
  out.targets.push_back({provider, std::string(model)});
  return out;
}

}  // namespace

Resolution resolve_name(std::string_view name, const ProviderList& providers,
                        const AliasMap& aliases) {
  if (is_unsafe(name)) return failure("The model name holds characters that are not allowed.");
  const std::string_view asked = name;
  for (int hop = 0;; ++hop) {
    const std::string_view target = find_alias(name, aliases);
    if (target.empty() || target == name) break;
    if (hop == kMaxAliasHops)
      return failure(fmt::format("The alias '{}' leads in a circle.", asked));
    name = target;
  }
  // A whole id that a provider lists wins, slash included, unless its prefix names a provider.
  const size_t slash = name.find('/');
  if (slash != std::string_view::npos) {
    if (const Provider* provider = providers.find(name.substr(0, slash)); provider != nullptr) {
      const std::string_view model = name.substr(slash + 1);
      if (model.empty()) return failure(fmt::format("'{}' names a provider but no model.", asked));
      if (!provider->only_models || provider->find_model(model) != nullptr)
        return one(provider, model);
      return failure(fmt::format("Provider '{}' does not offer the model '{}'.{}", provider->id,
                                 model, suggestion(name, providers, aliases)),
                     404);
    }
  }
  const std::vector<const Provider*> listing = providers.listing(name);
  if (listing.size() == 1) return one(listing.front(), name);
  if (listing.size() > 1) {
    Resolution out =
        failure(fmt::format("Ambiguous model '{0}'. Use a provider prefix: {1}/{0} or {2}/{0}.",
                            name, listing[0]->id, listing[1]->id));
    out.failure.code = "ambiguous_model";
    return out;
  }
  return failure(fmt::format("Unable to determine the provider for model '{}'.{}", asked,
                             suggestion(name, providers, aliases)));
}

PinnedName pin_name(std::string_view prefix, std::string_view model,
                    const ProviderList& providers) {
  PinnedName out;
  const Provider* provider = providers.find(prefix);
  if (provider == nullptr) {
    out.failure.code = "unknown_provider";
    out.failure.message = fmt::format("Unknown provider: {}", prefix);
    return out;
  }
  // A provider's own ids may hold slashes, so only what names another provider is out of place.
  const size_t slash = model.find('/');
  const bool is_own = slash == std::string_view::npos || provider->find_model(model) != nullptr;
  const Provider* named = is_own ? nullptr : providers.find(model.substr(0, slash));
  if (named == nullptr) {
    out.name = fmt::format("{}/{}", provider->id, model);
  } else if (named == provider) {
    out.name = fmt::format("{}/{}", provider->id, model.substr(slash + 1));
  } else {
    out.failure.message =
        fmt::format("Model \"{}\" does not belong to provider \"{}\". Expected prefix: {}/", model,
                    prefix, provider->alias.empty() ? provider->id : provider->alias);
  }
  return out;
}

}  // namespace omni
