#include "source/llm/stated_cost.h"

#include <cstdint>

namespace omni::llm {

void take_tier(const json::Skimmed& value, Usage& usage) {
  if (value.kind != json::Kind::kString) return;
  const ServiceTier tier = service_tier_from(value.inside());
  if (tier != ServiceTier::kUnsaid) usage.tier = tier;
}

void take_stated_cost(const json::Skimmed& member, Usage& usage) {
  constexpr int64_t kTicksPerNano = 10;
  if (member.key != "cost_in_usd_ticks" || member.kind != json::Kind::kNumber) return;
  const int64_t ticks = member.integer().value_or(-1);
  if (ticks < 0) return;
  usage.cost_nanos = ticks / kTicksPerNano + (ticks % kTicksPerNano >= kTicksPerNano / 2 ? 1 : 0);
}

}  // namespace omni::llm
