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

// Which callbacks a filter has nothing to do in: the chain does not make them.
struct FilterHooks {
  // Bits: 1 headers, 2 body, 4 complete.
  uint8_t skipped_request = 0;
  uint8_t skipped_response = 0;

  // A callback that a class does not override is named as a member of Filter.
  template <class F>
  static constexpr FilterHooks of() {
    using OnRequest = decltype(&Filter::on_request_headers);
    using OnBody = decltype(&Filter::on_request_body);
    using OnComplete = decltype(&Filter::on_request_complete);
    using OnAnswer = decltype(&Filter::on_response_headers);
    return {
        .skipped_request = bits(std::is_same_v<OnRequest, decltype(&F::on_request_headers)>,
                                std::is_same_v<OnBody, decltype(&F::on_request_body)>,
                                std::is_same_v<OnComplete, decltype(&F::on_request_complete)>),
        .skipped_response = bits(std::is_same_v<OnAnswer, decltype(&F::on_response_headers)>,
                                 std::is_same_v<OnBody, decltype(&F::on_response_body)>,
                                 std::is_same_v<OnComplete, decltype(&F::on_response_complete)>)};
  }

 private:
  static constexpr uint8_t bits(bool headers, bool body, bool complete) {
    return static_cast<uint8_t>((headers ? 1 : 0) | (body ? 2 : 0) | (complete ? 4 : 0));
  }
};

// A parsed, validated, immutable filter configuration that can stamp out filters. Called on
// workers.
class FilterTemplate {
 public:
  FilterTemplate() = default;
  template <std::invocable<FilterContext&> Make>
  FilterTemplate(Make make, FilterHooks hooks = {},  // NOLINT(google-explicit-constructor)
                 bool (*selects)(Exchange&) = nullptr, std::string_view name = "")
      : make_(std::move(make)), hooks_(hooks), applies_(selects), name_(name) {}

  std::unique_ptr<Filter> operator()(FilterContext& context) const { return make_(context); }
  const FilterHooks& hooks() const { return hooks_; }
  // The word in the file, a literal; empty for what has none.
  std::string_view name() const { return name_; }
  // False: the filter has no part in this exchange, and the row is one shorter.
  bool applies(Exchange& exchange) const { return applies_ == nullptr || applies_(exchange); }

 private:
  std::function<std::unique_ptr<Filter>(FilterContext&)> make_;
  FilterHooks hooks_;
  bool (*applies_)(Exchange&) = nullptr;
  std::string_view name_;
};

template <class F>
concept FilterClass = std::derived_from<F, Filter> &&
    std::constructible_from<F, const typename F::Config&, FilterContext&> &&
    requires(const ConfigNode& node, FilterEnv& env) {
  { F::kName } -> std::convertible_to<std::string_view>;
  { F::Config::parse(node, env) } -> std::same_as<absl::StatusOr<typename F::Config>>;
};

// A class that serves few exchanges says which: the others pass by it.
template <class F>
concept SelectiveFilter = requires(Exchange& exchange) {
  { F::applies(exchange) } -> std::same_as<bool>;
};

template <class F>
constexpr auto applies_of() -> bool (*)(Exchange&) {
  if constexpr (SelectiveFilter<F>) return &F::applies;
  return nullptr;
}

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
          FilterHooks::of<F>(), applies_of<F>(), F::kName);
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
