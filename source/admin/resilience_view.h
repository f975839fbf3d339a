// What management shows of the health of providers and their accounts.
#pragma once

#include <absl/time/time.h>

#include <memory>
#include <string>

#include "api/snapshot.h"

namespace omni {

// Main thread only.
class HealthSource {
 public:
  virtual std::shared_ptr<const Snapshot> snapshot() const = 0;
  // Ends every cooldown and lock, and closes every breaker.
  virtual void reset_health() = 0;

 protected:
  ~HealthSource() = default;
};

// {requestQueue, connectionCooldown, providerBreaker, waitForCooldown, providers: [{provider,
// breaker, connections: [...]}]}: the settings in force, and the state at `now`.
std::string render_resilience(const Snapshot& snapshot, absl::Time now);

}  // namespace omni
