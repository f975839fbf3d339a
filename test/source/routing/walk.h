// Requests on their way through small plans.
#pragma once

#include <string>

#include "source/routing/course.h"
#include "test/source/routing/routing_fixture.h"

namespace omni::test {

using routing::AccountCell;
using routing::BreakerCell;
using routing::Combo;
using routing::Course;
using routing::CourseInput;
using routing::Failure;
using routing::Policy;
using routing::Strategy;

// A request on its way, in words: "p0/a" tries, "wait 2000" pauses, "end".
class Walk {
 public:
  Walk(const Plan& plan, const Policy& policy, CourseInput input = {.random = 7})
      : course(plan, policy, input) {}

  std::string next() {
    const Course::Step step = course.next(now);
    switch (step.kind) {
      case Course::Step::Kind::kTry:
        return course.target().provider->id + "/" +
               (course.target().account != nullptr ? course.target().account->name : "-");
      case Course::Step::Kind::kWait:
        now += absl::ToInt64Milliseconds(step.wait);
        return "wait " + std::to_string(absl::ToInt64Milliseconds(step.wait));
      default:
        return "end";
    }
  }
  std::string fail(int status, absl::Duration hint = {}, std::string_view code = "",
                   Failure::Kind kind = Failure::Kind::kAnswer) {
    course.fail({.kind = kind, .status = status, .code = code, .hint = hint}, now);
    return next();
  }

  Course course;
  int64_t now = kNowMs;
};

struct Direct {
  explicit Direct(size_t accounts = 1) : fleet(1, accounts) {
    plan.targets.push_back({.provider = &fleet.list().all()[0], .model = "m"});
  }
  Fleet fleet;
  Plan plan;
  Policy policy;
};

struct Through {
  explicit Through(size_t providers, Strategy strategy = Strategy::kPriority) : fleet(providers) {
    combo = fleet.combo(strategy);
    plan.combo = &combo;
    for (const uint16_t place : Fleet::places(combo)) plan.places.push_back(place);
  }
  BreakerCell& breaker(size_t index) { return fleet.list().all()[index].cell->breaker; }
  AccountCell& account(size_t index) { return *fleet.list().all()[index].accounts[0].cell; }
  Fleet fleet;
  Combo combo;
  Plan plan;
  Policy policy;
};

}  // namespace omni::test
