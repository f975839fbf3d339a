#include "source/limits/session_slots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace omni {
namespace {

constexpr int64_t kNow = 1'750'000'000;

TEST(SessionSlotsTest, AKnownSessionGoesOnAndANewOneNeedsASlot) {
  SessionSlots slots(2);
  EXPECT_TRUE(slots.admit("a", kNow));
  EXPECT_TRUE(slots.admit("b", kNow));
  EXPECT_FALSE(slots.admit("c", kNow));
  EXPECT_TRUE(slots.admit("a", kNow));
}

TEST(SessionSlotsTest, ASilentSessionMakesRoom) {
  SessionSlots slots(1);
  EXPECT_TRUE(slots.admit("a", kNow));
  EXPECT_TRUE(slots.admit("a", kNow + SessionSlots::kIdleSeconds));
  EXPECT_FALSE(slots.admit("b", kNow + 2 * SessionSlots::kIdleSeconds));
  EXPECT_TRUE(slots.admit("b", kNow + 2 * SessionSlots::kIdleSeconds + 1));
  EXPECT_FALSE(slots.admit("a", kNow + 2 * SessionSlots::kIdleSeconds + 1));
}

TEST(SessionSlotsTest, WorkersTogetherAdmitNoMoreThanThereAreSlots) {
  for (int round = 0; round < 50; ++round) {
    SessionSlots slots(10);
    std::atomic<int> admitted{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&, i] {
        for (int j = 0; j < 20; ++j)
          if (slots.admit(std::to_string(i) + "-" + std::to_string(j), kNow)) admitted.fetch_add(1);
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(admitted.load(), 10);
  }
}

TEST(SessionSlotsTest, OneSessionOnAllWorkersTakesOneSlot) {
  for (int round = 0; round < 50; ++round) {
    SessionSlots slots(3);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] { EXPECT_TRUE(slots.admit("same", kNow)); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(slots.admit("b", kNow));
    EXPECT_TRUE(slots.admit("c", kNow));
    EXPECT_FALSE(slots.admit("d", kNow));
  }
}

}  // namespace
}  // namespace omni
