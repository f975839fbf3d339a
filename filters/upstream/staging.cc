#include "filters/upstream/staging.h"

#include <utility>

namespace omni::filters {

bool Staging::begin(Exchange& exchange, PreludeEvents& events) {
  prelude_ = make_prelude(exchange, rules_, events);
  if (!prelude_) {
    handoff_.emplace(exchange, rules_);
    return false;
  }
  if (std::optional<LocalReply> refusal = refuse_conversation(exchange))
    events.on_prelude_failed(*std::move(refusal));
  else
    prelude_->begin();
  return true;
}

}  // namespace omni::filters
