#include "source/catalog/service_tier.h"

#include <array>
#include <utility>

#include "source/base/strings.h"

namespace omni {
namespace {

using Row = std::pair<std::string_view, ServiceTier>;

constexpr std::array<Row, 6> kPriced = {{{"flex", ServiceTier::kFlex},
                                         {"priority", ServiceTier::kPriority},
                                         {"batch", ServiceTier::kBatch},
                                         {"scale", ServiceTier::kScale},
                                         {"performance", ServiceTier::kPerformance},
                                         {"ultrafast", ServiceTier::kUltrafast}}};

// Other words for the same: codex and its servers, Vertex.
constexpr std::array<Row, 5> kOtherWords = {{{"fast", ServiceTier::kPriority},
                                             {"on_demand_flex", ServiceTier::kFlex},
                                             {"on_demand_priority", ServiceTier::kPriority},
                                             {"auto", ServiceTier::kUnsaid},
                                             {"unspecified", ServiceTier::kUnsaid}}};

// In front of the enumerators of Google's interfaces.
constexpr std::string_view kGooglePrefix = "service_tier_";

}  // namespace

std::string_view name_of(ServiceTier tier) {
  for (const auto& [name, known] : kPriced)
    if (known == tier) return name;
  return "standard";
}

ServiceTier service_tier_from(std::string_view word) {
  if (starts_with_ignoring_case(word, kGooglePrefix)) word.remove_prefix(kGooglePrefix.size());
  if (word.empty()) return ServiceTier::kUnsaid;
  for (const auto& [name, tier] : kPriced)
    if (equals_ignoring_case(word, name)) return tier;
  for (const auto& [name, tier] : kOtherWords)
    if (equals_ignoring_case(word, name)) return tier;
  return ServiceTier::kStandard;
}

}  // namespace omni
