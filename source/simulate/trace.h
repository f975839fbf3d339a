// What happened, or might: requests, and how targets behaved at the time.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace omni::simulate {

// One request.
struct Arrival {
  int64_t at_ms = 0;
  std::string session;
  int64_t input_tokens = 1000;
  int64_t output_tokens = 300;
};

// How a target behaves from a moment on.
struct Behaviour {
  int64_t at_ms = 0;
  std::string target;           // PROVIDER/MODEL, as the combos' targets.
  double first_token_ms = 500;  // The median; a tenth takes more than twice as long.
  double failing = 0;           // Share of requests that fail.
  int status = 503;             // How.
  int64_t per_minute = 0;       // More than this are 429; 0: no limit.
  int64_t retry_after_ms = 0;   // What those say; 0: nothing.
};

struct Trace {
  std::vector<Arrival> arrivals;      // In order of time.
  std::vector<Behaviour> behaviours;  // The same.
};

// One JSON object a line; docs/routing.md has the fields. An error names its line.
absl::StatusOr<Trace> read_trace(std::string_view text);

}  // namespace omni::simulate
