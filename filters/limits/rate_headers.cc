#include "filters/limits/rate_headers.h"

#include <absl/time/time.h>
#include <fmt/format.h>

#include <utility>

namespace omni::filters {
namespace {

const RateWindow* tightest(const std::vector<RateWindow>& windows, Measure of,
                           int64_t now_seconds) {
  const RateWindow* found = nullptr;
  for (const RateWindow& window : windows)
    if (window.rule.of == of &&
        (found == nullptr || window.remaining(now_seconds) < found->remaining(now_seconds)))
      found = &window;
  return found;
}

}  // namespace

std::string short_duration(int64_t seconds) {
  std::string out;
  if (seconds >= 3600) out += fmt::format("{}h", seconds / 3600);
  if (seconds >= 60) out += fmt::format("{}m", seconds / 60 % 60);
  return out + fmt::format("{}s", seconds % 60);
}

// platform.openai.com/docs/guides/rate-limits and docs.anthropic.com/en/api/rate-limits.
void tell_rates(Dialect dialect, const std::vector<RateWindow>& windows, int64_t now_seconds,
                absl::FunctionRef<void(std::string_view name, std::string value)> visit) {
  const bool is_anthropic = dialect == Dialect::kAnthropic;
  for (const Measure of : {Measure::kRequests, Measure::kTokens}) {
    const RateWindow* window = tightest(windows, of, now_seconds);
    if (window == nullptr) continue;
    const std::string_view what = of == Measure::kRequests ? "requests" : "tokens";
    const auto tell = [&](std::string_view field, std::string value) {
      visit(is_anthropic ? fmt::format("anthropic-ratelimit-{}-{}", what, field)
                         : fmt::format("x-ratelimit-{}-{}", field, what),
            std::move(value));
    };
    const int64_t left = window->seconds_left(now_seconds);
    tell("limit", std::to_string(window->rule.limit));
    tell("remaining", std::to_string(window->remaining(now_seconds)));
    tell("reset", is_anthropic ? absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                                                  absl::FromUnixSeconds(now_seconds + left),
                                                  absl::UTCTimeZone())
                               : short_duration(left));
  }
}

}  // namespace omni::filters
