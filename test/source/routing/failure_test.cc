#include "source/routing/failure.h"

#include <absl/time/time.h>
#include <gtest/gtest.h>

#include <string>

#include "source/routing/retry_hint.h"

namespace omni::routing {
namespace {

using Kind = Failure::Kind;

struct Case {
  int status;
  const char* code;
  const char* message;
  Then then;
  Mark mark;
  bool retry = false;
  bool breaker = false;
};

constexpr Case kCases[] = {
    {400, "", "messages: must not be empty", Then::kStop, Mark::kNothing},
    {400, "context_length_exceeded", "", Then::kLargerTarget, Mark::kNothing},
    {400, "", "prompt is too long: 210000 tokens > 200000 maximum", Then::kLargerTarget,
     Mark::kNothing},
    {400, "unsupported_parameter", "'temperature' is not for this model", Then::kNextTarget,
     Mark::kNothing},
    {400, "", "Your credit balance is too low", Then::kNextAccount, Mark::kCredits},
    {401, "invalid_api_key", "", Then::kNextAccount, Mark::kRest},
    {402, "", "", Then::kNextAccount, Mark::kCredits},
    {403, "", "forbidden", Then::kNextAccount, Mark::kRest},
    {403, "", "Your account has been suspended", Then::kNextAccount, Mark::kBanned},
    {404, "model_not_found", "", Then::kNextTarget, Mark::kRestModel},
    {404, "", "The model has been deprecated", Then::kNextTarget, Mark::kModelGone},
    {408, "", "", Then::kNextAccount, Mark::kRest, true, true},
    {409, "", "", Then::kStop, Mark::kNothing},
    {413, "", "", Then::kStop, Mark::kNothing},
    {413, "", "context window exceeded", Then::kLargerTarget, Mark::kNothing},
    {422, "", "", Then::kStop, Mark::kNothing},
    {429, "rate_limit_exceeded", "", Then::kNextAccount, Mark::kCool},
    {429, "insufficient_quota", "You exceeded your current quota", Then::kNextAccount,
     Mark::kCredits},
    {499, "", "", Then::kStop, Mark::kNothing},
    {500, "", "", Then::kNextAccount, Mark::kRest, true, true},
    {502, "", "", Then::kNextAccount, Mark::kRest, true, true},
    {503, "", "", Then::kNextAccount, Mark::kRest, true, true},
    {504, "", "", Then::kNextAccount, Mark::kRest, true, true},
    {529, "overloaded_error", "", Then::kNextAccount, Mark::kRest, true, false},
};

TEST(FailureTest, EveryClassOfAnswer) {
  for (const Case& each : kCases) {
    const Verdict verdict =
        judge({.status = each.status, .code = each.code, .message = each.message}, false);
    const std::string what = std::to_string(each.status) + " " + each.code + each.message;
    EXPECT_EQ(verdict.then, each.then) << what;
    EXPECT_EQ(verdict.mark, each.mark) << what;
    EXPECT_EQ(verdict.may_retry, each.retry) << what;
    EXPECT_EQ(verdict.counts_for_breaker, each.breaker) << what;
  }
}

TEST(FailureTest, WhatIsOursIsHeldAgainstNobody) {
  for (const Kind kind : {Kind::kUnsayable, Kind::kOurs, Kind::kTimeout}) {
    const Verdict verdict = judge({.kind = kind}, false);
    EXPECT_EQ(verdict.then, Then::kNextTarget);
    EXPECT_EQ(verdict.mark, Mark::kNothing);
    EXPECT_FALSE(verdict.counts_for_breaker);
  }
  EXPECT_TRUE(judge({.kind = Kind::kTransport}, false).counts_for_breaker);
}

TEST(FailureTest, ABrokenConnectionIsTriedWithTheNextAccount) {
  const Verdict verdict = judge({.kind = Kind::kTransport}, false);
  EXPECT_EQ(verdict.then, Then::kNextAccount);
  EXPECT_EQ(verdict.mark, Mark::kRest);
  EXPECT_TRUE(verdict.may_retry);
}

TEST(FailureTest, ALimitOfOneModelSaysNothingOfOthers) {
  EXPECT_EQ(judge({.status = 429}, true).mark, Mark::kLockModel);
}

// Google says both of a limit that is over in seconds.
TEST(FailureTest, AQuotaThatComesBackIsALimit) {
  const Failure failure{.status = 429,
                        .message = "You exceeded your current quota, please check your plan",
                        .hint = absl::Seconds(7)};
  EXPECT_EQ(judge(failure, false).mark, Mark::kCool);
}

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

TEST(RetryHintTest, ReadsEveryFormInItsOrder) {
  const auto text = [](const char* said) {
    return absl::ToDoubleSeconds(retry_hint({.text = said}, kNow));
  };
  const auto after = [](const char* value) {
    return absl::ToDoubleSeconds(retry_hint({.retry_after = value}, kNow));
  };
  EXPECT_EQ(after("7"), 7);
  EXPECT_EQ(after("1.5"), 1.5);
  EXPECT_EQ(after("Fri, 15 Jan 2027 08:00:30 GMT"), 30);
  EXPECT_EQ(after("Fri, 15 Jan 2027 07:00:30 GMT"), 0) << "gone by";
  EXPECT_EQ(after("Friday, 15-Jan-27 08:00:30 GMT"), 30) << "RFC 850";
  EXPECT_EQ(after("Fri Jan 15 08:00:30 2027"), 30) << "asctime";
  EXPECT_EQ(absl::ToDoubleSeconds(retry_hint({.retry_after = "Fri Jan  1 08:00:30 2027"},
                                             kNow - absl::Hours(14 * 24))),
            30)
      << "asctime pads the day with a space";
  EXPECT_EQ(after("-3"), 0);
  EXPECT_EQ(after("soon"), 0);
  EXPECT_EQ(after("1e300"), 24 * 3600) << "at most a day";
  EXPECT_EQ(retry_hint({.retry_after_ms = "1500", .retry_after = "9"}, kNow), absl::Seconds(1.5));
  EXPECT_EQ(retry_hint({.reset = "1800000012"}, kNow), absl::Seconds(12));
  EXPECT_EQ(retry_hint({.reset = "1800000012500"}, kNow), absl::Seconds(12.5));
  EXPECT_EQ(retry_hint({.retry_after = "3", .reset = "1800000012"}, kNow), absl::Seconds(3));
  EXPECT_EQ(retry_hint({.body_seconds = 4, .text = "try again in 9s"}, kNow), absl::Seconds(4));
  EXPECT_EQ(text("Rate limit reached. Please try again in 20s."), 20);
  EXPECT_EQ(text("Please try again in 1.634s. Visit us"), 1.634);
  EXPECT_EQ(text("please retry in 350ms"), 0.35);
  EXPECT_EQ(text("Quota resets after 2h7m23s"), 2 * 3600 + 7 * 60 + 23);
  EXPECT_EQ(text("retry after 3 seconds"), 3);
  EXPECT_EQ(text("try again at 2027-01-15T08:01:00Z."), 60);
  EXPECT_EQ(text("try again later"), 0);
  EXPECT_EQ(text(""), 0);
}

}  // namespace
}  // namespace omni::routing
