// The line in front of an account.
#pragma once

#include <atomic>
#include <cstdint>

namespace omni::routing {

struct QueueRule;

// When the next request may go to an account that is not to be asked too fast. Who is given a time
// has it for good: they go in the order in which they asked. Any thread.
class QueueCell {
 public:
  // The time that a request which asks now would be given, not before `now_ms`.
  int64_t next_ms(int64_t now_ms, const QueueRule& rule) const;
  // Takes it, when it is not later than `latest_ms`; 0 when it is.
  int64_t take(int64_t now_ms, const QueueRule& rule, int64_t latest_ms);

 private:
  int64_t free_ms(int64_t now_ms, int64_t full_us, const QueueRule& rule) const;

  // When the minute's allowance would be whole again (GCRA's theoretical arrival time), and when
  // the gap after the last request ends.
  std::atomic<int64_t> full_us_{0}, gap_ms_{0};
};

}  // namespace omni::routing
