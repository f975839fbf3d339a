// What a request went through, as far as nothing else tells it: the rest of its receipt.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/seldom.h"
#include "source/routing/plan.h"

namespace omni {

struct GatewayKey;

// One filter of the row.
struct Step {
  enum class State : uint8_t {
    kUnreached,
    kWaiting,   // For what it asked somebody for.
    kPassed,    // The request went on.
    kAnswered,  // With an answer of its own, or its provider's.
    kRefused,   // Or ended a stream that was open.
  };
  std::string_view filter;  // A literal.
  State state = State::kUnreached;
  // On the request's way in: at work, and waiting.
  int64_t spent_ns = 0;
  int64_t waits_since_ns = 0;  // Of kWaiting; loop time.
};

// An attempt that has not ended, and so is in no history.
struct Underway {
  const Target* target = nullptr;  // Null: none.
  int64_t began_us = 0;            // Since the exchange began.
};

// Each field says who writes it.
struct Trail {
  bool is_on = false;  // the chain's entry: the exchange has a receipt, unless its key has none.
  int64_t receipt_ms =
      0;  // the worker: when the receipt's id was given, since 1970; 0: it was not.
  bool has_unknown_key = false;             // auth: one was presented, and none that is known.
  const GatewayKey* refused_key = nullptr;  // auth: known, and refused all the same.
  absl::InlinedVector<Step, 6> steps;       // the chain.
  std::vector<routing::Skipped> skipped;    // upstream.
  Underway underway[2];                     // upstream; the second is the hedge.
  Seldom<std::string> refusal;  // the chain: in words, where we refuse before anybody was asked.

  // Some of this is the filters', and dies with them.
  bool views_filters() const {
    return !skipped.empty() || underway[0].target != nullptr || underway[1].target != nullptr;
  }
};

}  // namespace omni
