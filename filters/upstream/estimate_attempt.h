// A token count where the target has no endpoint for it.
#pragma once

#include "filters/upstream/attempt.h"

namespace omni::filters {

class EstimateAttempt final : public TargetAttempt, private TurnWork {
 public:
  // Everything outlives the attempt.
  EstimateAttempt(Exchange& exchange, const Target& target, AttemptEvents& events);

  void hold(bool) override {}

 private:
  void on_turn() override;

  Exchange& exchange_;
  const Target& target_;
  AttemptEvents& events_;
};

}  // namespace omni::filters
