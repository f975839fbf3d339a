// What a request passes over on its way, for its receipt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/source/routing/walk.h"

namespace omni::routing {
namespace {

using test::Direct;
using test::kNowMs;
using test::Through;
using test::Walk;
using testing::ElementsAre;
using testing::IsEmpty;

// "p0/a cooling_down 5000".
std::vector<std::string> told(const std::vector<Skipped>& skips) {
  std::vector<std::string> out;
  for (const Skipped& each : skips) {
    out.push_back(each.provider->id + "/" + (each.account != nullptr ? each.account->name : "-") +
                  " " + std::string(each.why));
    if (each.until_ms > 0) out.back() += " " + std::to_string(each.until_ms - kNowMs);
  }
  return out;
}

TEST(SkipsTest, NothingIsNotedWhereNothingStandsInTheWay) {
  std::vector<Skipped> skips;
  Through combo(3);
  Walk walk(combo.plan, combo.policy, {.random = 7, .skips = &skips});
  EXPECT_EQ(walk.next(), "p0/a");
  EXPECT_THAT(told(skips), IsEmpty());
}

TEST(SkipsTest, TargetsInFrontOfTheOneThatIsTriedAreNotedWithWhatKeepsThem) {
  std::vector<Skipped> skips;
  Through combo(4);
  combo.account(0).cooldown.begin(kNowMs, {}, 5000, true);
  combo.breaker(1).on_failure(kNowMs, {.failures = 1, .reset_ms = 30000});
  Walk walk(combo.plan, combo.policy, {.random = 7, .skips = &skips});
  EXPECT_EQ(walk.next(), "p2/a");
  EXPECT_THAT(told(skips), ElementsAre("p0/a cooling_down 5000", "p1/- breaker_open 30000"));
  EXPECT_EQ(walk.fail(500), "p3/a");
  EXPECT_EQ(skips.size(), 2u) << "once each";
}

TEST(SkipsTest, AccountsThatRestBesideTheOneThatIsTriedAreNoted) {
  std::vector<Skipped> skips;
  Direct direct(3);
  const auto& accounts = direct.fleet.list().all()[0].accounts;
  accounts[0].cell->cooldown.begin(kNowMs, {}, 5000, true);
  Walk walk(direct.plan, direct.policy, {.random = 7, .skips = &skips});
  EXPECT_EQ(walk.next(), "p0/b");
  EXPECT_THAT(told(skips), ElementsAre("p0/a cooling_down 5000"));
  // Who failed in this request was tried.
  EXPECT_EQ(walk.fail(401), "p0/c");
  EXPECT_THAT(told(skips), ElementsAre("p0/a cooling_down 5000"));
}

TEST(SkipsTest, WhoIsTriedAfterAllWasNotPassedOver) {
  std::vector<Skipped> skips;
  Direct direct;
  direct.policy.wait = {.enabled = true, .max_retries = 3, .max_wait = absl::Seconds(30)};
  direct.fleet.list().all()[0].accounts[0].cell->cooldown.begin(kNowMs, {}, 5000, true);
  Walk walk(direct.plan, direct.policy, {.random = 7, .skips = &skips});
  EXPECT_EQ(walk.next(), "wait 5000");
  EXPECT_THAT(told(skips), ElementsAre("p0/a cooling_down 5000"));
  EXPECT_EQ(walk.next(), "p0/a");
  EXPECT_THAT(told(skips), IsEmpty());
}

TEST(SkipsTest, AccountsThatTheKeyMayNotUseAreNoted) {
  std::vector<Skipped> skips;
  const std::vector<std::string> allowed = {"p0/b"};
  Direct direct(2);
  Walk walk(direct.plan, direct.policy, {.allowed = &allowed, .random = 7, .skips = &skips});
  EXPECT_EQ(walk.next(), "p0/b");
  EXPECT_THAT(told(skips), ElementsAre("p0/a not_allowed"));
}

}  // namespace
}  // namespace omni::routing
