// What management shows of how fast accounts may be asked, and how fast they are.
#pragma once

#include <absl/time/time.h>

#include <cstdint>
#include <string>

#include "api/snapshot.h"

namespace omni {

// The path with the locked models, or the older one without.
enum class RateLimitDetail : uint8_t { kWithLockouts, kConnectionsOnly };

// {connections: [{connectionId, provider, name, rateLimitProtection, enabled, active, queued,
// running, configured, remainingPercent, resetAt, limits}], overview: {"PROVIDER:CONNECTION":
// {queued, running}}, lockouts: [{provider, model, connectionId, reason, remainingMs}], cacheStats:
// {entries}}, as of `now`, over all workers.
std::string render_rate_limits(const Snapshot& snapshot, absl::Time now, RateLimitDetail detail);

}  // namespace omni
