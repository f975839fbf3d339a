// What a client is told when no target gave an answer.
#pragma once

#include <cstdint>
#include <vector>

#include "api/exchange.h"
#include "api/http.h"
#include "source/routing/course.h"

namespace omni::filters {

struct EndingInput {
  const Facts& facts;
  const LocalReply* last = nullptr;  // Of the last attempt; null when nothing was tried.
  std::vector<routing::Skipped> skipped;
  bool has_timed_out = false;
  int64_t now_ms = 0;
  int64_t asked_until_ms = 0;  // The first moment that one who failed named; 0: none did.
};

// One attempt at one target: what the provider said. Of several the last one's status and words,
// and what became of each.
LocalReply make_ending(const EndingInput& input);

}  // namespace omni::filters
