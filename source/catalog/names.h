// From the model name in a request to the provider and model it means. Pure: no health, no choice.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/base/strings.h"
#include "source/catalog/provider.h"

namespace omni {

using AliasMap = StringMap<std::string>;

struct NamedTarget {
  const Provider* provider = nullptr;
  std::string model;  // As the provider names it.
};

// Why a name means nothing.
struct NameFailure {
  int status = 400;  // 404 only for `only_models`.
  std::string code = "model_not_found";
  std::string message;  // With up to three suggestions.
};

struct Resolution {
  std::vector<NamedTarget> targets;  // In order; empty exactly when `failure` says why.
  NameFailure failure;

  bool ok() const { return !targets.empty(); }
};

// Order: alias (exact, then `*` globs, at most 8 hops), provider prefix before the first slash (id
// or alias), then a bare id that exactly one provider lists. Control characters, "..", "%", "?" and
// "#" in a name are refused: a model name may become part of an upstream path.
Resolution resolve_name(std::string_view name, const ProviderList& providers,
                        const AliasMap& aliases);

// The name of a model on a path below /v1/providers/PREFIX, where clients may leave the provider
// out. Fails when PREFIX names no provider, or the model belongs to another one.
struct PinnedName {
  std::string name;     // "PROVIDER/MODEL"; empty exactly when `failure` says why.
  NameFailure failure;  // 400.
};
PinnedName pin_name(std::string_view prefix, std::string_view model, const ProviderList& providers);

}  // namespace omni
