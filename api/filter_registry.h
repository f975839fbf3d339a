// The list of filters that a binary can do, by name.
#pragma once

#include <absl/status/statusor.h>

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "api/config.h"
#include "api/filter.h"
#include "source/base/status.h"

namespace omni {

struct FilterEnv;  // api/filter_env.h

// Which callbacks a filter has something to do in: the chain does not make the others.
struct FilterHooks {
  bool request_headers = true, request_body = true, request_complete = true;
  bool response_headers = true, response_body = true, response_complete = true;

  // A callback that a class does not override is named as a member of Filter.
  template <class F>
  static constexpr FilterHooks of() {
    return {
        .request_headers = overrides<decltype(&Filter::on_request_headers)>(&F::on_request_headers),
        .request_body = overrides<decltype(&Filter::on_request_body)>(&F::on_request_body),
        .request_complete =
            overrides<decltype(&Filter::on_request_complete)>(&F::on_request_complete),
        .response_headers =
            overrides<decltype(&Filter::on_response_headers)>(&F::on_response_headers),
        .response_body = overrides<decltype(&Filter::on_response_body)>(&F::on_response_body),
        .response_complete =
            overrides<decltype(&Filter::on_response_complete)>(&F::on_response_complete),
    };
  }

 private:
  template <class Default, class Own>
  static constexpr bool overrides(Own) {
    return !std::is_same_v<Default, Own>;
  }
};

// A parsed, validated, immutable filter configuration that can stamp out filters. Called on
// workers.
class FilterTemplate {
 public:
  FilterTemplate() = default;
  template <std::invocable<FilterContext&> Make>
  FilterTemplate(Make make, FilterHooks hooks = {})  // NOLINT(google-explicit-constructor)
      : make_(std::move(make)), hooks_(hooks) {}

  std::unique_ptr<Filter> operator()(FilterContext& context) const { return make_(context); }
  const FilterHooks& hooks() const { return hooks_; }

 private:
  std::function<std::unique_ptr<Filter>(FilterContext&)> make_;
  FilterHooks hooks_;
};

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
      return FilterTemplate(
          [shared](FilterContext& context) -> std::unique_ptr<Filter> {
            return std::make_unique<F>(*shared, context);
          },
          FilterHooks::of<F>());
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
