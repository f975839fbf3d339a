// The list of filters that a binary can do, by name.
#pragma once

#include <absl/status/statusor.h>

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "api/config.h"
#include "api/filter.h"
#include "source/base/status.h"

namespace omni {

struct FilterEnv;  // api/filter_env.h

// A parsed, validated, immutable filter configuration that can stamp out filters. Called on
// workers.
using FilterTemplate = std::function<std::unique_ptr<Filter>(FilterContext&)>;

template <class F>
concept FilterClass = std::derived_from<F, Filter> &&
    std::constructible_from<F, const typename F::Config&, FilterContext&> &&
    requires(const ConfigNode& node, FilterEnv& env) {
  { F::kName } -> std::convertible_to<std::string_view>;
  { F::Config::parse(node, env) } -> std::same_as<absl::StatusOr<typename F::Config>>;
};

class FilterRegistry {
 public:
  using Maker = std::function<absl::StatusOr<FilterTemplate>(const ConfigNode&, FilterEnv&)>;

  template <FilterClass F>
  void add() {
    makers_[std::string(F::kName)] = [](const ConfigNode& node,
                                        FilterEnv& env) -> absl::StatusOr<FilterTemplate> {
      absl::StatusOr<typename F::Config> config = F::Config::parse(node, env);
      if (!config.ok()) return config.status();
      auto shared = std::make_shared<const typename F::Config>(*std::move(config));
      return FilterTemplate([shared](FilterContext& context) -> std::unique_ptr<Filter> {
        return std::make_unique<F>(*shared, context);
      });
    };
  }

  bool knows(std::string_view name) const { return makers_.find(name) != makers_.end(); }

  absl::StatusOr<FilterTemplate> parse(std::string_view name, const ConfigNode& node,
                                       FilterEnv& env) const {
    auto it = makers_.find(name);
    if (it == makers_.end())
      return error(absl::StatusCode::kNotFound, "no filter named '" + std::string(name) + "'");
    return it->second(node, env);
  }

 private:
  std::map<std::string, Maker, std::less<>> makers_;
};

}  // namespace omni
