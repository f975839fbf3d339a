#include "source/routing/course.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "test/source/routing/walk.h"

namespace omni::routing {
namespace {

using test::Direct;
using test::Fleet;
using test::kNowMs;
using test::Through;
using test::Walk;

TEST(CourseTest, OneAccountThatFailsIsTheEndAndIsTriedByTheNextRequest) {
  Direct direct;
  Walk walk(direct.plan, direct.policy);
  EXPECT_EQ(walk.next(), "p0/a");
  EXPECT_EQ(walk.fail(500), "end");
  Walk again(direct.plan, direct.policy);
  EXPECT_EQ(again.next(), "p0/a") << "a rest is no ban where there is nothing else";
}

TEST(CourseTest, AProviderThatNeedsNoKeyIsAskedOnceAsWell) {
  Fleet fleet(1);
  fleet.provider(0).auth = AuthStyle::kNone;
  Plan plan;
  plan.targets.push_back({.provider = &fleet.list().all()[0], .model = "m"});
  const Policy policy;
  for (const int status : {429, 500}) {
    fleet.cells.reset();
    Walk walk(plan, policy);
    EXPECT_EQ(walk.next(), "p0/a");
    EXPECT_EQ(walk.fail(status), "end") << status;
  }
}

TEST(CourseTest, AnotherAccountTakesOver) {
  for (const int status : {401, 402, 403, 429, 500, 503}) {
    Direct direct(3);
    Walk walk(direct.plan, direct.policy);
    EXPECT_EQ(walk.next(), "p0/a");
    EXPECT_EQ(walk.fail(status), "p0/b") << status;
    EXPECT_EQ(walk.fail(status), "p0/c");
    EXPECT_EQ(walk.fail(status), "end");
  }
}

TEST(CourseTest, TheNextRequestBeginsWithTheAccountThatWorks) {
  Direct direct(2);
  {
    Walk walk(direct.plan, direct.policy);
    walk.next();
    EXPECT_EQ(walk.fail(429, absl::Seconds(20)), "p0/b");
    walk.course.commit(1000, walk.now);
    walk.course.end(true, walk.now);
  }
  Walk next(direct.plan, direct.policy);
  EXPECT_EQ(next.next(), "p0/b");
  next.course.end(true, next.now);
  Walk later(direct.plan, direct.policy);
  later.now += 20000;
  EXPECT_EQ(later.next(), "p0/a");
}

TEST(CourseTest, ABadBodyStopsAndAModelsOwnFaultMovesOn) {
  Through combo(3);
  for (const int status : {400, 409, 413, 422, 499}) {
    Walk walk(combo.plan, combo.policy);
    EXPECT_EQ(walk.next(), "p0/a");
    EXPECT_EQ(walk.fail(status), "end") << status;
  }
  for (const int status : {402, 403, 404}) {
    Through fresh(2);
    Walk walk(fresh.plan, fresh.policy);
    walk.next();
    EXPECT_EQ(walk.fail(status), "p1/a") << status;
  }
  Walk walk(combo.plan, combo.policy);
  walk.next();
  EXPECT_EQ(walk.fail(400, {}, "unsupported_parameter"), "p1/a");
}

TEST(CourseTest, WhoDoesNotReadWhatWasSentComesLast) {
  Through combo(4);
  combo.combo.targets[0].lacks = kImage | kAudio;
  combo.combo.targets[1].lacks = kImage;
  combo.combo.targets[2].lacks = 0;  // Or not known, which is no reason to come last.
  combo.combo.targets[3].lacks = kAudio;
  Walk walk(combo.plan, combo.policy, {.random = 7, .needs = kImage});
  EXPECT_EQ(walk.next(), "p2/a");
  EXPECT_EQ(walk.fail(500), "p3/a");
  EXPECT_EQ(walk.fail(500), "p0/a") << "what is known may be wrong";
  EXPECT_EQ(walk.fail(500), "p1/a");
  Walk text(combo.plan, combo.policy, {.random = 7});
  combo.fleet.cells.reset();
  EXPECT_EQ(text.next(), "p0/a");
}

TEST(CourseTest, WhoCallsNoToolsComesLastWhereToolsAreOffered) {
  const struct {
    std::string_view what;
    uint8_t needs;
    uint8_t lacks[3];
    std::vector<std::string> order;
  } rows[] = {
      {"no tools are offered", 0, {kToolCalls, 0, 0}, {"p0/a", "p1/a", "p2/a"}},
      {"another can", kToolCalls, {kToolCalls, 0, 0}, {"p1/a", "p2/a", "p0/a"}},
      {"several can", kToolCalls, {0, kToolCalls, 0}, {"p0/a", "p2/a", "p1/a"}},
      {"none can", kToolCalls, {kToolCalls, kToolCalls, kToolCalls}, {"p0/a", "p1/a", "p2/a"}},
      {"an image with tools",
       kToolCalls | kImage,
       {kToolCalls, kImage, 0},
       {"p2/a", "p0/a", "p1/a"}},
      {"what nobody asks for", kToolCalls, {kAudio, kImage, 0}, {"p0/a", "p1/a", "p2/a"}},
  };
  for (const auto& row : rows) {
    Through combo(3);
    for (size_t i = 0; i < 3; ++i) combo.combo.targets[i].lacks = row.lacks[i];
    Walk walk(combo.plan, combo.policy, {.random = 7, .needs = row.needs});
    std::vector<std::string> order = {walk.next()};
    while (order.size() < 3) order.push_back(walk.fail(500));
    EXPECT_EQ(order, row.order) << row.what;
  }
}

TEST(CourseTest, AConversationMovesOnlyWhereItIsCheaperWithItsPromptReadAnew) {
  Through combo(2, Strategy::kCostOptimized);
  combo.combo.targets[0].price = 10;
  combo.combo.targets[0].discount = 4;
  combo.combo.targets[1].price = 20;
  combo.plan.session = "talk";
  {
    Walk walk(combo.plan, combo.policy);
    EXPECT_EQ(walk.next(), "p0/a");
    walk.course.commit(1000, kNowMs);
    walk.course.end(true, kNowMs);
  }
  combo.combo.targets[1].price = 7;
  const auto first = [&](std::string_view session, int64_t now_ms) {
    combo.plan.session = session;
    Walk walk(combo.plan, combo.policy, {.random = 7, .began_ms = now_ms});
    walk.now = now_ms;
    return walk.next();
  };
  EXPECT_EQ(first("talk", kNowMs + 6000), "p0/a") << "6 with its cache, which is less than 7";
  EXPECT_EQ(first("another", kNowMs + 6000), "p1/a");
  EXPECT_EQ(first("talk", kNowMs + 400000), "p1/a") << "caches go cold";
  combo.combo.targets[1].price = 5;
  EXPECT_EQ(first("talk", kNowMs + 6000), "p1/a") << "the move pays for itself";
}

TEST(CourseTest, TooLongARequestGoesToALargerModel) {
  Through combo(4);
  combo.combo.targets[1].context = 900;
  combo.combo.targets[2].context = 0;
  Walk walk(combo.plan, combo.policy);
  EXPECT_EQ(walk.next(), "p0/a");
  EXPECT_EQ(walk.fail(400, {}, "context_length_exceeded"), "p3/a");
  EXPECT_EQ(walk.fail(400, {}, "context_length_exceeded"), "end");
}

TEST(CourseTest, RetriesComeAfterTheOthersHaveFailed) {
  Through combo(2);
  combo.plan.rules.max_retries = 2;
  combo.plan.rules.retry_delay = absl::Seconds(2);
  Walk walk(combo.plan, combo.policy);
  EXPECT_EQ(walk.next(), "p0/a");
  EXPECT_EQ(walk.fail(500), "p1/a");
  EXPECT_EQ(walk.fail(404), "wait 2000");
  EXPECT_EQ(walk.next(), "p0/a");
  EXPECT_EQ(walk.fail(503), "wait 2000");
  EXPECT_EQ(walk.next(), "p0/a");
  EXPECT_EQ(walk.fail(500), "end");
  EXPECT_EQ(walk.course.attempts(), 4);
}

TEST(CourseTest, ADelayStandsBeforeEachFallback) {
  Through combo(3);
  combo.plan.rules.fallback_delay = absl::Milliseconds(250);
  Walk walk(combo.plan, combo.policy);
  EXPECT_EQ(walk.next(), "p0/a");
  EXPECT_EQ(walk.fail(500), "wait 250");
  EXPECT_EQ(walk.next(), "p1/a");
  EXPECT_EQ(walk.fail(500), "wait 250");
  EXPECT_EQ(walk.next(), "p2/a");
}

TEST(CourseTest, NoDelayStandsWhereNothingIsLeftToTry) {
  Through combo(2);
  combo.plan.rules.fallback_delay = absl::Milliseconds(250);
  Walk walk(combo.plan, combo.policy);
  EXPECT_EQ(walk.next(), "p0/a");
  EXPECT_EQ(walk.fail(500), "wait 250");
  EXPECT_EQ(walk.next(), "p1/a");
  EXPECT_EQ(walk.fail(500), "end");
}

TEST(CourseTest, WhoAsksToWaitIsNobodyToDelayFor) {
  Through combo(2);
  combo.plan.rules.fallback_delay = absl::Milliseconds(250);
  combo.account(1).cooldown.begin(kNowMs, combo.policy.cooldown, 60000, true);
  Walk walk(combo.plan, combo.policy);
  EXPECT_EQ(walk.next(), "p0/a");
  EXPECT_EQ(walk.fail(500), "end");
}

TEST(CourseTest, ABrokenConnectionIsTriedWithEachAccountUntilTheBreakerOpens) {
  const auto breaks = [](Walk& walk) {
    return walk.fail(502, {}, "upstream_closed", Failure::Kind::kTransport);
  };
  Direct direct(3);
  Walk walk(direct.plan, direct.policy);
  EXPECT_EQ(walk.next(), "p0/a");
  EXPECT_EQ(breaks(walk), "p0/b");
  EXPECT_EQ(breaks(walk), "p0/c");
  EXPECT_EQ(breaks(walk), "end");
  Direct down(3);
  down.policy.breaker = {.failures = 2, .reset_ms = 1000};
  Walk stopped(down.plan, down.policy);
  EXPECT_EQ(stopped.next(), "p0/a");
  EXPECT_EQ(breaks(stopped), "p0/b");
  EXPECT_EQ(breaks(stopped), "end") << "nobody asks a third time where nobody answers";
}

TEST(CourseTest, ATimeThatIsOverIsHeldAgainstNobody) {
  Through combo(2);
  combo.policy.breaker = {.failures = 1, .reset_ms = 1000};
  combo.breaker(0).restore({.phase = BreakerState::Phase::kOpen, .until_ms = kNowMs});
  Walk walk(combo.plan, combo.policy);
  EXPECT_EQ(walk.next(), "p0/a") << "the probe";
  walk.course.time_out();
  EXPECT_TRUE(walk.course.has_timed_out());
  EXPECT_EQ(combo.account(0).in_flight, 0);
  EXPECT_FALSE(combo.account(0).cooldown.is_cooling(kNowMs));
  EXPECT_EQ(combo.combo.targets[0].cell->failures, 0u);
  Walk next(combo.plan, combo.policy);
  EXPECT_EQ(next.next(), "p0/a") << "another probe may go at once";
}

TEST(CourseTest, NoRequestTriesMoreThanThirtyTimes) {
  Through combo(50);
  Walk walk(combo.plan, combo.policy);
  std::string step = walk.next();
  while (step != "end") step = walk.fail(500);
  EXPECT_EQ(walk.course.attempts(), Course::kMostAttempts);
}

TEST(CourseTest, ACombosTimeEndsIt) {
  Through combo(3);
  combo.plan.rules.timeout = absl::Seconds(5);
  Course course(combo.plan, combo.policy, {.began_ms = kNowMs});
  EXPECT_EQ(course.next(kNowMs).kind, Course::Step::Kind::kTry);
  course.fail({.status = 500}, kNowMs + 5000);
  EXPECT_EQ(course.next(kNowMs + 5000).kind, Course::Step::Kind::kEnd);
  EXPECT_TRUE(course.has_timed_out());
}

TEST(CourseTest, WaitsForTheFirstThatMayBeAskedAgain) {
  Direct direct(2);
  direct.policy.wait = {.enabled = true, .max_retries = 1, .max_wait = absl::Seconds(30)};
  Walk walk(direct.plan, direct.policy);
  EXPECT_EQ(walk.next(), "p0/a");
  EXPECT_EQ(walk.fail(429, absl::Seconds(20)), "p0/b");
  EXPECT_EQ(walk.fail(429, absl::Seconds(8)), "wait 8000");
  EXPECT_EQ(walk.next(), "p0/b");
  EXPECT_EQ(walk.fail(429, absl::Seconds(8)), "end") << "once is enough";
  Walk other(direct.plan, direct.policy);
  EXPECT_EQ(other.next(), "wait 16000") << "nobody asks a provider that asked to wait";
}

TEST(CourseTest, DoesNotWaitLongerThanItMayNorForWhatWaitingDoesNotMend) {
  Direct direct;
  direct.policy.wait = {.enabled = true, .max_retries = 3, .max_wait = absl::Seconds(30)};
  Walk walk(direct.plan, direct.policy);
  walk.next();
  EXPECT_EQ(walk.fail(429, absl::Seconds(31)), "end");
  for (const int status : {401, 402, 500}) {
    Direct fresh;
    fresh.policy = direct.policy;
    Walk mended(fresh.plan, fresh.policy);
    mended.next();
    EXPECT_EQ(mended.fail(status), "end") << status;
  }
}

TEST(CourseTest, WhatAProviderAsksForMayBeLeftUnheard) {
  Direct direct(2);
  direct.policy.keeps_hints = false;
  direct.policy.cooldown.base_ms = 0;
  for (int i = 0; i < 3; ++i) {
    Walk walk(direct.plan, direct.policy);
    EXPECT_EQ(walk.next(), "p0/a");
    EXPECT_EQ(walk.fail(429, absl::Seconds(60)), "p0/b");
  }
}

TEST(CourseTest, ABreakerThatOpensKeepsRequestsAwayUntilOneProbeSucceeds) {
  Through combo(2);
  combo.policy.breaker = {.failures = 2, .reset_ms = 1000};
  for (int i = 0; i < 2; ++i) {
    Walk walk(combo.plan, combo.policy);
    combo.account(0).cooldown.restore({});
    EXPECT_EQ(walk.next(), "p0/a");
    EXPECT_EQ(walk.fail(500), "p1/a");
    walk.course.commit(1, walk.now);
    walk.course.end(true, walk.now);
  }
  combo.account(0).cooldown.restore({});
  Walk kept(combo.plan, combo.policy);
  EXPECT_EQ(kept.next(), "p1/a");
  ASSERT_EQ(kept.course.skipped(kNowMs).size(), 1u);
  EXPECT_EQ(kept.course.skipped(kNowMs)[0].why, "breaker_open");
  Walk probe(combo.plan, combo.policy), other(combo.plan, combo.policy);
  probe.now = other.now = kNowMs + 1000;
  EXPECT_EQ(probe.next(), "p0/a");
  EXPECT_EQ(other.next(), "p1/a") << "one probe at a time";
  probe.course.commit(1, probe.now);
  EXPECT_EQ(combo.breaker(0).load().phase, BreakerState::Phase::kClosed);
}

TEST(CourseTest, AClientThatLeavesGivesTheProbeBack) {
  Through combo(1);
  combo.breaker(0).on_failure(kNowMs, {.failures = 1, .reset_ms = 1000});
  {
    Walk gone(combo.plan, combo.policy);
    gone.now = kNowMs + 1000;
    EXPECT_EQ(gone.next(), "p0/a");
    EXPECT_EQ(combo.account(0).in_flight, 1);
  }
  EXPECT_EQ(combo.account(0).in_flight, 0);
  Walk next(combo.plan, combo.policy);
  next.now = kNowMs + 1000;
  EXPECT_EQ(next.next(), "p0/a");
}

TEST(CourseTest, ALimitDoesNotOpenABreaker) {
  Through combo(1);
  combo.policy.breaker = {.failures = 1, .reset_ms = 1000};
  for (const int status : {429, 400, 401, 404}) {
    Walk walk(combo.plan, combo.policy);
    combo.account(0).cooldown.restore({});
    combo.account(0).locks.clear();
    EXPECT_EQ(walk.next(), "p0/a");
    walk.fail(status);
    EXPECT_EQ(combo.breaker(0).load().phase, BreakerState::Phase::kClosed) << status;
  }
}

TEST(CourseTest, AStreamThatBreaksOffIsHeldAgainstItsProvider) {
  Through combo(1);
  combo.policy.breaker = {.failures = 1, .reset_ms = 1000};
  Walk walk(combo.plan, combo.policy);
  walk.next();
  walk.course.commit(1, walk.now);
  walk.course.end(false, walk.now);
  EXPECT_EQ(combo.breaker(0).load().phase, BreakerState::Phase::kOpen);
  EXPECT_EQ(combo.account(0).in_flight, 0);
}

TEST(CourseTest, WithoutCreditsAnAccountIsLeftAloneForAnHour) {
  Direct direct(2);
  Walk walk(direct.plan, direct.policy);
  walk.next();
  EXPECT_EQ(walk.fail(402), "p0/b");
  Walk next(direct.plan, direct.policy);
  EXPECT_EQ(next.next(), "p0/b");
  next.course.end(true, next.now);
  Walk later(direct.plan, direct.policy);
  later.now += 3600 * 1000;
  EXPECT_EQ(later.next(), "p0/a");
  later.course.commit(1, later.now);
  EXPECT_EQ(direct.fleet.list().all()[0].accounts[0].cell->standing.load(), Standing::kGood);
}

TEST(CourseTest, OnlyAllowedConnectionsAreUsed) {
  Direct direct(3);
  const std::vector<std::string> allowed = {"p0/b"};
  Course course(direct.plan, direct.policy, {.allowed = &allowed});
  EXPECT_EQ(course.next(kNowMs).kind, Course::Step::Kind::kTry);
  EXPECT_EQ(course.target().account->name, "b");
  course.fail({.status = 500}, kNowMs);
  EXPECT_EQ(course.next(kNowMs).kind, Course::Step::Kind::kEnd);
}

// A sanitizer takes its time.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kLongestUs = 500;
#else
constexpr double kLongestUs = 20;
#endif

// The bar is 2 us among 100 targets with live health.
TEST(CourseTest, ChoosesAmongAHundredInTime) {
  for (const Strategy strategy :
       {Strategy::kPriority, Strategy::kWeighted, Strategy::kLeastUsed, Strategy::kLatency,
        Strategy::kCacheOptimized, Strategy::kAuto, Strategy::kHeadroom, Strategy::kResetAware}) {
    Through through(100, strategy);
    through.plan.session = "s";
    double best_us = 1e9;
    for (int round = 0; round < 50; ++round) {
      const auto began = std::chrono::steady_clock::now();
      for (uint64_t i = 0; i < 200; ++i) {
        Course course(through.plan, through.policy, {.random = i});
        ASSERT_EQ(course.next(kNowMs).kind, Course::Step::Kind::kTry);
      }
      const std::chrono::duration<double, std::micro> took =
          std::chrono::steady_clock::now() - began;
      best_us = std::min(best_us, took.count() / 200);
    }
    std::printf("%s: %.2f us\n", std::string(name_of(strategy)).c_str(), best_us);
    EXPECT_LT(best_us, kLongestUs) << "the bar is 2 us, and this may be a slow build";
  }
}

// What a process knew of its providers is known to the next one.
TEST(CellRegistryTest, RemembersOverARestart) {
  Through combo(2);
  combo.policy.breaker = {.failures = 1, .reset_ms = 60000};
  Walk walk(combo.plan, combo.policy);
  walk.next();
  EXPECT_EQ(walk.fail(503), "p1/a");
  walk.fail(429, absl::Seconds(40));
  const auto saved = combo.fleet.cells.save(kNowMs);
  ASSERT_EQ(saved.size(), 3u);
  Through next(2);
  for (const auto& each : saved) next.fleet.cells.restore(each, kNowMs + 10000);
  EXPECT_FALSE(next.breaker(0).lets_through(kNowMs + 10000));
  EXPECT_EQ(next.account(1).cooldown.load().until_ms, kNowMs + 40000);
  Through late(2);
  for (const auto& each : saved) late.fleet.cells.restore(each, kNowMs + 50000);
  EXPECT_FALSE(late.account(1).cooldown.is_cooling(kNowMs));
  for (const std::string_view junk : {"", "1", "1 2 3", "-1 0 0 0", "9999999999999999 99 0 0"})
    late.fleet.cells.restore({saved[0].name, std::string(junk)}, kNowMs);
  next.fleet.cells.reset();
  EXPECT_TRUE(next.breaker(0).lets_through(kNowMs));
}

TEST(CellRegistryTest, RemembersWhichModelsWaitOverARestart) {
  Through combo(2);
  const auto lock = [&](size_t index, std::string_view model, int64_t for_ms, bool is_hard) {
    combo.account(index).lock(model, kNowMs, {.until_ms = kNowMs + for_ms, .is_hard = is_hard});
  };
  lock(0, "m", 600000, true);
  lock(0, "other", 30000, false);
  lock(1, "m", 20000, true);
  const auto saved = combo.fleet.cells.save(kNowMs);
  ASSERT_EQ(saved.size(), 2u) << "of accounts that nothing else is held against";
  Through next(2);
  for (const auto& each : saved) next.fleet.cells.restore(each, kNowMs + 25000);
  const auto found = [&](size_t index, std::string_view model) {
    return next.account(index).locks.find(model, kNowMs + 25000);
  };
  EXPECT_EQ(found(0, "m").until_ms, kNowMs + 600000);
  EXPECT_TRUE(found(0, "m").is_hard);
  EXPECT_EQ(found(0, "other").until_ms, kNowMs + 30000);
  EXPECT_FALSE(found(0, "other").is_hard);
  EXPECT_EQ(found(1, "m").until_ms, 0) << "over by now";
  Walk walk(next.plan, next.policy);
  walk.now = kNowMs + 25000;
  EXPECT_EQ(walk.next(), "p1/a");
  for (const std::string_view junk : {"", "1", "1 2", "x y z", "9999999999999999 99999999999 7 1"})
    next.fleet.cells.restore({saved[0].name, std::string(junk)}, kNowMs);
}

}  // namespace
}  // namespace omni::routing
