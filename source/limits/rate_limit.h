// Limits of requests and tokens in windows of time, and one request's share of them.
#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "source/limits/tally.h"

namespace omni {

enum class Measure : uint8_t { kRequests, kTokens };

// So many in each window. Windows begin at multiples of their length since 1970, in UTC.
struct RateLimit {
  // Tokens beyond this are not counted in one window.
  static constexpr int64_t kMost = (int64_t{1} << 32) - 1;

  int64_t limit = 0;
  int64_t window_seconds = 60;
  Measure of = Measure::kRequests;

  bool operator==(const RateLimit&) const = default;
};

struct alignas(64) WindowCell {
  Tally<32> tally;
};

// A limit with what was counted, which all workers and configurations share.
struct RateWindow {
  RateLimit rule;
  std::shared_ptr<WindowCell> cell;

  int64_t index(int64_t now_seconds) const { return now_seconds / rule.window_seconds; }
  // Seconds until the next window begins; at least 1.
  int64_t seconds_left(int64_t now_seconds) const {
    return rule.window_seconds - now_seconds % rule.window_seconds;
  }
  // What may still be taken now.
  int64_t remaining(int64_t now_seconds) const;
};

// What one request has taken. One thread; it gives nothing back by itself.
class RateClaim {
 public:
  // Takes one request and `tokens` from every window, or nothing: then the one that refuses is
  // returned. `windows` outlives the claim. A request that asks for more tokens than a window has
  // takes the whole of it, so that it can run at all.
  const RateWindow* take(const std::vector<RateWindow>& windows, int64_t tokens,
                         int64_t now_seconds);
  // Only its tokens count: it is the work of a request that was counted.
  const RateWindow* take_tokens(const std::vector<RateWindow>& windows, int64_t tokens,
                                int64_t now_seconds);
  // So many tokens have been used by now: what is more than was taken is taken on top, limit or
  // not, from the window that is open now.
  void grow(int64_t tokens, int64_t now_seconds);
  // So many it was in the end: what was taken for nothing is given back, if its window is still
  // open.
  void settle(int64_t tokens, int64_t now_seconds);
  // As if it had never been.
  void undo();

 private:
  struct Share {
    const RateWindow* window;
    uint64_t period;
    uint64_t amount;
  };
  const RateWindow* take_from(const std::vector<RateWindow>& windows, bool counts_request,
                              int64_t tokens, int64_t now_seconds);

  absl::InlinedVector<Share, 4> shares_;
};

}  // namespace omni
