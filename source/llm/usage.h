// What a provider says a request cost in tokens, in one record with one meaning.
#pragma once

#include <cstdint>

#include "source/catalog/service_tier.h"

namespace omni::llm {

// `input` includes cached reads and writes; `output` includes reasoning. -1 means: not said.
struct Usage {
  int64_t input = -1;
  int64_t output = -1;
  int64_t cached = -1;
  int64_t cache_write = -1;
  int64_t reasoning = -1;
  int64_t cache_write_1h = -1;  // Of cache_write, what was written to live for an hour.
  int64_t audio_input = -1, audio_output = -1;
  int64_t cost_nanos = -1;  // What the provider itself says it cost, in billionths of a dollar.
  ServiceTier tier = ServiceTier::kUnsaid;  // That the answer names.
  bool estimated = false;                   // Counted here because the provider said nothing.

  bool is_known() const { return input >= 0 || output >= 0; }
};

}  // namespace omni::llm
