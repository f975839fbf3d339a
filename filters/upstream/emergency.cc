#include "filters/upstream/emergency.h"

#include <algorithm>
#include <utility>

#include "api/snapshot.h"
#include "source/catalog/allowed.h"
#include "source/catalog/names.h"
#include "source/llm/decoded.h"
#include "source/llm/request.h"

namespace omni::filters {
namespace {

bool may_use(const GatewayKey* key, std::string_view named, const NamedTarget& target) {
  return key == nullptr || is_allowed(key->allowed_models, named, *target.provider, target.model);
}

bool was_asked(const Facts& facts, const NamedTarget& target) {
  return std::any_of(facts.attempts.begin(), facts.attempts.end(), [&](const Attempt& each) {
    return each.provider == target.provider && each.model == target.model;
  });
}

// Tools ask for a skill that the other model may lack, and a stream may have begun with heartbeats.
bool suits(Facts& facts) {
  if (facts.endpoint != Endpoint::kChat || facts.call.wants_stream() || facts.plan.stages)
    return false;
  const llm::Decoded& asked = facts.call.asked();
  return !asked.error && asked.request.tools.empty();
}

}  // namespace

bool is_about_money(const routing::Failure& failure) {
  return failure.status == 402 || routing::judge(failure, false).mark == routing::Mark::kCredits;
}

std::optional<Plan> emergency_plan(Exchange& exchange, bool tells_of_money,
                                   absl::Span<const routing::Skipped> skipped) {
  const Snapshot& snapshot = exchange.snapshot();
  const routing::EmergencyRule& rule = snapshot.resilience.emergency;
  if (rule.model.empty()) return std::nullopt;
  const bool is_out_of_money =
      tells_of_money || std::any_of(skipped.begin(), skipped.end(), [](const auto& each) {
        return each.why == "credits_exhausted";
      });
  Facts& facts = exchange.facts();
  if (!is_out_of_money || !suits(facts)) return std::nullopt;
  Plan out;
  const Resolution names = resolve_name(rule.model, *snapshot.providers, *snapshot.aliases);
  for (const NamedTarget& each : names.targets)
    if (may_use(facts.principal.key, rule.model, each) && !was_asked(facts, each))
      out.targets.push_back({each.provider, nullptr, each.model});
  if (out.targets.empty()) return std::nullopt;
  std::optional<int64_t>& most = facts.call.edit().max_tokens;
  most = std::min(most.value_or(rule.max_tokens), rule.max_tokens);
  return out;
}

}  // namespace omni::filters
