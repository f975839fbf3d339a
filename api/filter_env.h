// Long-lived services that a filter's configuration may keep a reference to.
#pragma once

#include "api/stats.h"
#include "api/store.h"

namespace omni {

// Handed to Config::parse on the main thread; everything in it outlives every snapshot.
struct FilterEnv {
  StatScope& stats;
  Store& store;
  // The route's `auth.required` may also come from settings; what the loader made of them.
  bool require_api_key = false;
};

}  // namespace omni
