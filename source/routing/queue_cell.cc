#include "source/routing/queue_cell.h"

#include <algorithm>

#include "source/routing/policy.h"

namespace omni::routing {
namespace {

constexpr int64_t kMinuteUs = 60'000'000;

int64_t cost_us(const QueueRule& rule) {
  return rule.per_minute > 0 ? kMinuteUs / rule.per_minute : 0;
}

}  // namespace

// The generic cell rate algorithm (ITU-T I.371, annex A) with a minute's worth of requests as its
// tolerance.
int64_t QueueCell::free_ms(int64_t now_ms, int64_t full_us, const QueueRule& rule) const {
  const int64_t earliest_us = full_us + cost_us(rule) - kMinuteUs;
  const int64_t rate_ms = rule.per_minute > 0 ? (earliest_us + 999) / 1000 : 0;
  return std::max({now_ms, rate_ms, gap_ms_.load(std::memory_order_relaxed)});
}

int64_t QueueCell::next_ms(int64_t now_ms, const QueueRule& rule) const {
  return free_ms(now_ms, full_us_.load(std::memory_order_relaxed), rule);
}

int64_t QueueCell::take(int64_t now_ms, const QueueRule& rule, int64_t latest_ms) {
  int64_t full = full_us_.load(std::memory_order_relaxed);
  int64_t given;
  do {
    given = free_ms(now_ms, full, rule);
    if (given > latest_ms) return 0;
  } while (!full_us_.compare_exchange_weak(full, std::max(full, now_ms * 1000) + cost_us(rule),
                                           std::memory_order_relaxed));
  // Who came between may have taken the gap: then the share of the minute is given back.
  int64_t gap = gap_ms_.load(std::memory_order_relaxed), place;
  do {
    place = std::max(given, gap);
    if (place > latest_ms) {
      full_us_.fetch_sub(cost_us(rule), std::memory_order_relaxed);
      return 0;
    }
  } while (!gap_ms_.compare_exchange_weak(gap, place + rule.min_gap_ms, std::memory_order_relaxed));
  return place;
}

}  // namespace omni::routing
