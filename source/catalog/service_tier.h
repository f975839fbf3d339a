// How urgently a provider worked, which some of them sell at prices of their own.
#pragma once

#include <cstdint>
#include <string_view>

namespace omni {

enum class ServiceTier : uint8_t {
  kUnsaid,
  kStandard,
  kFlex,         // Slower, cheaper.
  kPriority,     // Faster, dearer.
  kBatch,        // Some time later.
  kScale,        // Bought ahead.
  kPerformance,  // Groq's word for the dearest of its own.
  kUltrafast,    // OpenAI's for what is above priority.
};

// Those that may have a price of their own.
inline constexpr ServiceTier kPricedTiers[] = {ServiceTier::kFlex,        ServiceTier::kPriority,
                                               ServiceTier::kBatch,       ServiceTier::kScale,
                                               ServiceTier::kPerformance, ServiceTier::kUltrafast};

// The names of the configuration file; "standard" for all others. Lives for ever.
std::string_view name_of(ServiceTier tier);
// What vendors write, in requests and in answers, in any case. What leaves the choice open ("auto")
// is unsaid; words that are not known stand for the standard, which is how they are priced.
ServiceTier service_tier_from(std::string_view word);

}  // namespace omni
