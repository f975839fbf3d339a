// How long places rest after failures, and what a request does about it.
#pragma once

#include <absl/time/time.h>

#include "source/routing/cells.h"

namespace omni::routing {

struct WaitRule {
  bool enabled = false;  // A request whose targets all ask to wait waits, instead of failing.
  int max_retries = 3;
  absl::Duration max_wait = absl::Seconds(30);
};

struct Policy {
  CooldownCell::Rule cooldown;
  bool keeps_hints = true;  // What a provider asks for goes before the rule.
  BreakerCell::Rule breaker;
  WaitRule wait;
};

}  // namespace omni::routing
