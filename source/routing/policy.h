// How long places rest after failures, and what a request does about it.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <string>

#include "source/routing/cells.h"

namespace omni::routing {

struct WaitRule {
  bool enabled = false;  // A request whose targets all ask to wait waits, instead of failing.
  int max_retries = 3;
  absl::Duration max_wait = absl::Seconds(30);
};

// How fast one account is asked. Over all workers.
struct QueueRule {
  bool enabled = false;
  int64_t per_minute = 100;     // As many may come at once after a silent minute; 0: any number.
  int64_t min_gap_ms = 200;     // Between two requests.
  int64_t concurrent = 10;      // Requests that run; 0: any number.
  int64_t max_wait_ms = 15000;  // In line, before the request goes elsewhere or fails.
};

// Whom a request goes to when everybody it could go to refused for want of money.
struct EmergencyRule {
  std::string model;  // By any name that clients may use; empty: nobody.
  int64_t max_tokens = 4096;
};

struct Policy {
  CooldownCell::Rule cooldown;
  bool keeps_hints = true;  // What a provider asks for goes before the rule.
  BreakerCell::Rule breaker;
  WaitRule wait;
  QueueRule queue;
  EmergencyRule emergency;
};

}  // namespace omni::routing
