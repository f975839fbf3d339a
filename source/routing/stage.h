// Combos that ask several of their steps for one answer.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <vector>

#include "source/routing/plan.h"

namespace omni::routing {

enum class StageRole : uint8_t { kStep, kJudge, kSummary };

// One step of such a combo.
struct Stage {
  StageRole role = StageRole::kStep;
  // Its targets are [first, first + count) of the combo's, tried in their order.
  uint16_t first = 0, count = 0;
  std::string combo;   // That runs by its own strategy instead of them; empty: none.
  std::string prompt;  // What its model is told beside the conversation.
};

// Of Strategy::kFusion.
struct PanelRule {
  int minimum = 0;  // Answers that the judge needs; 0: two, or all there are.
  absl::Duration timeout = absl::Seconds(90);  // Of the panel.
  absl::Duration grace;                        // For the others, once there are enough; zero: none.
  int parallel = 8;
};

// Of Strategy::kContextRelay.
struct HandoffRule {
  // The used share of its limits from which on who has a conversation sums it up ahead.
  double threshold = 0.85;
  // Ids of those whose conversations are summed up when they move; empty: all.
  std::vector<std::string> providers;
  int max_messages = 30;  // The last ones, of which the summary is made.
  int max_tokens = 1024;  // Of the summary.
  absl::Duration timeout = absl::Seconds(20);
};

// A stage as one client may use it.
struct StagePlan {
  const Stage* stage = nullptr;  // Lives as long as the snapshot.
  Plan plan;                     // Empty when the client may use none of it.
};

// What a plan leads to when its combo asks several: in the combo's order.
struct StagePlans {
  std::vector<StagePlan> all;
};

}  // namespace omni::routing
