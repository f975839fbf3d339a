#include "filters/upstream/course_input.h"

#include "api/snapshot.h"
#include "source/base/random.h"
#include "source/catalog/provider.h"
#include "source/llm/modalities.h"
#include "source/routing/combo.h"

namespace omni::filters {
namespace {

// Only of what some of the combo's models lack: nothing is looked for where all can do the same.
uint8_t needs_of(const llm::Call& call, const routing::Combo* combo) {
  const uint8_t lacks = combo != nullptr ? combo->lacks : 0;
  uint8_t out = call.offers_tools() ? kToolCalls : 0;
  if ((lacks & ~kToolCalls) != 0) out |= llm::modalities_in(call.dialect(), call.body());
  return out & lacks;
}

}  // namespace

routing::CourseInput course_input_of(Exchange& client, const routing::Combo* combo, size_t bytes) {
  Facts& facts = client.facts();
  const GatewayKey* key = facts.principal.key;
  const bool is_limited = key != nullptr && !key->allowed_connections.empty();
  return {.allowed = is_limited ? &key->allowed_connections : nullptr,
          .random = random_word(),
          .body_bytes = bytes,
          .needs = needs_of(facts.call, combo),
          .began_ms = absl::ToUnixMillis(client.dispatcher().clock().now()),
          .skips = facts.trail.is_on ? &facts.trail.skipped : nullptr};
}

}  // namespace omni::filters
