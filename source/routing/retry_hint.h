// How long a provider asks to be left alone.
#pragma once

#include <absl/time/time.h>

#include <string_view>

namespace omni::routing {

// What an answer says about it; each may be empty.
struct RetryHintSource {
  std::string_view retry_after_ms;  // The header, as OpenAI sends it.
  std::string_view retry_after;     // RFC 9110 section 10.2.3: seconds, or an HTTP date.
  std::string_view reset;           // X-RateLimit-Reset: seconds since 1970, or milliseconds.
  int body_seconds = 0;             // The body's own `retry_after`, or google.rpc.RetryInfo.
  std::string_view text;            // "try again in 20s", "resets after 2h7m23s".
};

// The first of them that says something, at most a day; zero when none does.
absl::Duration retry_hint(const RetryHintSource& said, absl::Time now);

// When a limit is whole again: "2025-01-01T00:00:00Z", "6m0s", seconds or milliseconds since 1970,
// or seconds from now; the epoch when it says none of these.
absl::Time reset_moment(std::string_view text, absl::Time now);

}  // namespace omni::routing
