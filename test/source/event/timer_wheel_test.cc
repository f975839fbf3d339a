#include "source/event/timer_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace omni {
namespace {

class Probe final : public TimerWheel::Entry {
 public:
  std::function<void()> on_fire;
  uint64_t due = TimerWheel::kNever;  // What the model expects.

 private:
  void fire() override {
    if (on_fire) on_fire();
  }
};

TEST(TimerWheelTest, FiresInTheTickItIsDueAndNotBefore) {
  for (const uint64_t due : {1u, 63u, 64u, 65u, 4095u, 4096u, 300'000u, 20'000'000u}) {
    TimerWheel wheel(17);
    int fired = 0;
    Probe probe;
    probe.on_fire = [&] { ++fired; };
    wheel.arm(probe, 17 + due);
    wheel.advance(17 + due - 1);
    EXPECT_EQ(fired, 0) << due;
    EXPECT_TRUE(probe.is_armed());
    wheel.advance(17 + due);
    EXPECT_EQ(fired, 1) << due;
    EXPECT_FALSE(probe.is_armed());
    EXPECT_EQ(wheel.wake(), TimerWheel::kNever);
  }
}

TEST(TimerWheelTest, ATimerBeyondTheWidthOfTheWheelStillFiresOnTime) {
  TimerWheel wheel(5);
  const uint64_t due = 5 + (uint64_t{1} << 32);
  int fired = 0;
  Probe probe;
  probe.on_fire = [&] { ++fired; };
  wheel.arm(probe, due);
  int wakes = 0;
  while (fired == 0) {
    const uint64_t at = wheel.wake();
    ASSERT_LE(at, due);
    wheel.advance(at);
    ASSERT_LT(++wakes, 1000);
  }
  wheel.disarm(probe);
  EXPECT_LE(wheel.wake(), TimerWheel::kNever);
}

TEST(TimerWheelTest, AnEntryMayRearmItselfWhileItFires) {
  TimerWheel wheel(0);
  int fired = 0;
  Probe probe;
  probe.on_fire = [&] {
    if (++fired < 3) wheel.arm(probe, 0);
  };
  wheel.arm(probe, 1);
  wheel.advance(1);
  EXPECT_EQ(fired, 1);
  wheel.advance(2);
  wheel.advance(3);
  wheel.advance(4);
  EXPECT_EQ(fired, 3);
}

TEST(TimerWheelTest, AnEntryMayDisarmAndDestroyOthersDueInTheSameTick) {
  TimerWheel wheel(0);
  int fired = 0;
  auto first = std::make_unique<Probe>();
  auto second = std::make_unique<Probe>();
  auto third = std::make_unique<Probe>();
  third->on_fire = [&] { ++fired; };
  first->on_fire = [&] {
    ++fired;
    wheel.disarm(*second);
    second.reset();
    wheel.arm(*third, 100);
  };
  second->on_fire = [&] { ++fired; };
  wheel.arm(*first, 5);
  wheel.arm(*second, 5);
  wheel.arm(*third, 5);
  wheel.advance(50);
  EXPECT_EQ(fired, 1);
  wheel.advance(100);
  EXPECT_EQ(fired, 2);
}

TEST(TimerWheelTest, MovingATimerAwayDoesNotFireItAtTheOldTime) {
  TimerWheel wheel(0);
  int fired = 0;
  Probe probe;
  probe.on_fire = [&] { ++fired; };
  for (uint64_t now = 0; now < 10'000; ++now) {
    wheel.arm(probe, now + 50);
    wheel.advance(now);
  }
  EXPECT_EQ(fired, 0);
  wheel.arm(probe, 10'005);  // Nearer again.
  wheel.advance(10'004);
  EXPECT_EQ(fired, 0);
  wheel.advance(10'005);
  EXPECT_EQ(fired, 1);
}

// Thousands of random operations against "fire everything whose due tick was reached".
TEST(TimerWheelTest, AgreesWithAModelUnderRandomOperations) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    uint64_t now = random() % 1'000'000'000;
    TimerWheel wheel(now);
    std::vector<Probe> probes(40);
    uint64_t reached = now;
    for (Probe& probe : probes) {
      probe.on_fire = [&] {
        EXPECT_LE(probe.due, reached);
        probe.due = TimerWheel::kNever;
        if (random() % 4 == 0) {
          probe.due = reached + 1 + random() % 100;
          wheel.arm(probe, probe.due);
        }
      };
    }
    for (int step = 0; step < 5000; ++step) {
      Probe& probe = probes[random() % probes.size()];
      switch (random() % 4) {
        case 0:
        case 1:
          probe.due = now + 1 + random() % (uint64_t{1} << (random() % 34));
          wheel.arm(probe, probe.due);
          break;
        case 2:
          probe.due = TimerWheel::kNever;
          wheel.disarm(probe);
          break;
        default:
          now += random() % (uint64_t{1} << (random() % 28));
          reached = now;
          wheel.advance(now);
          for (Probe& other : probes) {
            EXPECT_EQ(other.is_armed(), other.due != TimerWheel::kNever);
            if (other.is_armed()) {
              ASSERT_GT(other.due, now);
              ASSERT_LE(wheel.wake(), other.due);
            }
          }
          ASSERT_GT(wheel.wake(), now);
      }
    }
    for (Probe& probe : probes) wheel.disarm(probe);
  }
}

}  // namespace
}  // namespace omni
