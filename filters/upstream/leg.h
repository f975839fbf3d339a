// One way of a request through its plan: what decides where to try, and the attempt that runs.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "filters/upstream/attempt.h"
#include "source/routing/course.h"

namespace omni::filters {

class Leg;

// As AttemptEvents; tells which leg it is about.
class LegEvents {
 public:
  virtual void on_commit(Leg& leg, ResponseHead&& head) = 0;
  virtual void on_committed_body(Buffer&& bytes) = 0;
  virtual void on_committed_complete(Leg& leg) = 0;
  virtual void on_attempt_failed(Leg& leg, AttemptFailure&& failure) = 0;

 protected:
  ~LegEvents() = default;
};

// Stays where it was made.
class Leg final : public AttemptEvents {
 public:
  // Everything outlives it.
  Leg(LegEvents& events, const Plan& plan, const routing::Policy& policy,
      const routing::CourseInput& input)
      : course(plan, policy, input), events_(events) {}

  void on_commit(ResponseHead&& head) override { events_.on_commit(*this, std::move(head)); }
  void on_committed_body(Buffer&& bytes) override { events_.on_committed_body(std::move(bytes)); }
  void on_committed_complete() override { events_.on_committed_complete(*this); }
  void on_attempt_failed(AttemptFailure&& failure) override {
    events_.on_attempt_failed(*this, std::move(failure));
  }

  routing::Course course;
  int64_t began_us = 0;  // The attempt, since the exchange began.
  bool runs = false;     // An attempt that neither committed nor failed.
  std::unique_ptr<TargetAttempt> attempt;

 private:
  LegEvents& events_;
};

}  // namespace omni::filters
