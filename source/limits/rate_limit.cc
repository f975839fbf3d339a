#include "source/limits/rate_limit.h"

#include <algorithm>

namespace omni {
namespace {

uint64_t at_least_zero(int64_t amount) {
  return static_cast<uint64_t>(std::max<int64_t>(0, amount));
}

}  // namespace

int64_t RateWindow::remaining(int64_t now_seconds) const {
  const auto used = static_cast<int64_t>(cell->tally.read(index(now_seconds)).count);
  return std::max<int64_t>(0, rule.limit - used);
}

const RateWindow* RateClaim::take(const std::vector<RateWindow>& windows, int64_t tokens,
                                  int64_t now_seconds) {
  return take_from(windows, true, tokens, now_seconds);
}

const RateWindow* RateClaim::take_tokens(const std::vector<RateWindow>& windows, int64_t tokens,
                                         int64_t now_seconds) {
  return take_from(windows, false, tokens, now_seconds);
}

const RateWindow* RateClaim::take_from(const std::vector<RateWindow>& windows, bool counts_request,
                                       int64_t tokens, int64_t now_seconds) {
  for (const RateWindow& window : windows) {
    const bool is_requests = window.rule.of == Measure::kRequests;
    if (is_requests && !counts_request) continue;
    const uint64_t limit = at_least_zero(window.rule.limit);
    // Even a request that needs no token must find the window open.
    const uint64_t amount =
        is_requests ? 1 : std::min(std::max<uint64_t>(1, at_least_zero(tokens)), limit);
    const auto taken = window.cell->tally.take(window.index(now_seconds), amount, limit);
    if (!taken) {
      undo();
      return &window;
    }
    shares_.push_back({&window, taken->period, amount});
  }
  return nullptr;
}

void RateClaim::grow(int64_t tokens, int64_t now_seconds) {
  const uint64_t used = at_least_zero(tokens);
  for (Share& share : shares_) {
    if (share.window->rule.of != Measure::kTokens || used <= share.amount) continue;
    share.window->cell->tally.add(share.window->index(now_seconds), used - share.amount);
    share.amount = used;
  }
}

void RateClaim::settle(int64_t tokens, int64_t now_seconds) {
  grow(tokens, now_seconds);
  const uint64_t used = at_least_zero(tokens);
  for (Share& share : shares_) {
    if (share.window->rule.of != Measure::kTokens || used >= share.amount) continue;
    share.window->cell->tally.give_back(share.period, share.amount - used);
    share.amount = used;
  }
}

void RateClaim::undo() {
  for (const Share& share : shares_)
    share.window->cell->tally.give_back(share.period, share.amount);
  shares_.clear();
}

}  // namespace omni
