// From a request's path to the row that serves it.
#pragma once

#include <atomic>
#include <vector>

#include "api/filter_registry.h"
#include "source/http/exchange_host.h"

namespace omni {

// Shared by all workers; immutable but for the two flags.
struct RouterState {
  std::vector<FilterTemplate> admin_row;
  std::atomic<bool> ready{false};         // What /readyz says.
  std::atomic<bool> has_password{false};  // Management then asks for it.
};

// Fills facts.client, facts.path, facts.endpoint, facts.resource and the call's dialect.
Entry route_request(Exchange& exchange, const Door& door, const RouterState& state);

}  // namespace omni
