#include "filters/limits/rate_headers.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace omni::filters {
namespace {

using Told = std::map<std::string, std::string>;

Told told(Dialect dialect, const std::vector<RateWindow>& windows, int64_t now) {
  Told out;
  tell_rates(dialect, windows, now, [&](std::string_view name, std::string value) {
    out[std::string(name)] = std::move(value);
  });
  return out;
}

TEST(RateHeadersTest, EachDialectHasItsNames) {
  const std::vector<RateWindow> windows = {
      {{60, 60, Measure::kRequests}, std::make_shared<WindowCell>()},
      {{10'000, 3600, Measure::kTokens}, std::make_shared<WindowCell>()}};
  RateClaim claim;
  const int64_t now = 1'750'003'210;
  ASSERT_EQ(claim.take(windows, 400, now), nullptr);
  EXPECT_EQ(told(Dialect::kOpenai, windows, now), (Told{{"x-ratelimit-limit-requests", "60"},
                                                        {"x-ratelimit-remaining-requests", "59"},
                                                        {"x-ratelimit-reset-requests", "50s"},
                                                        {"x-ratelimit-limit-tokens", "10000"},
                                                        {"x-ratelimit-remaining-tokens", "9600"},
                                                        {"x-ratelimit-reset-tokens", "59m50s"}}));
  EXPECT_EQ(told(Dialect::kAnthropic, windows, now),
            (Told{{"anthropic-ratelimit-requests-limit", "60"},
                  {"anthropic-ratelimit-requests-remaining", "59"},
                  {"anthropic-ratelimit-requests-reset", "2025-06-15T16:01:00Z"},
                  {"anthropic-ratelimit-tokens-limit", "10000"},
                  {"anthropic-ratelimit-tokens-remaining", "9600"},
                  {"anthropic-ratelimit-tokens-reset", "2025-06-15T17:00:00Z"}}));
}

TEST(RateHeadersTest, TheWindowWithTheLeastLeftIsTold) {
  const std::vector<RateWindow> windows = {
      {{3, 3600, Measure::kRequests}, std::make_shared<WindowCell>()},
      {{60, 60, Measure::kRequests}, std::make_shared<WindowCell>()}};
  EXPECT_EQ(told(Dialect::kGemini, windows, 0)["x-ratelimit-limit-requests"], "3");
  EXPECT_TRUE(told(Dialect::kOpenai, {}, 0).empty());
}

TEST(RateHeadersTest, TimesToWaitAreShort) {
  EXPECT_EQ(short_duration(1), "1s");
  EXPECT_EQ(short_duration(360), "6m0s");
  EXPECT_EQ(short_duration(90'061), "25h1m1s");
}

}  // namespace
}  // namespace omni::filters
