#include "source/limits/session_slots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
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

TEST(SessionSlotsTest, WhatGoesOnCountsUnderAnotherLimit) {
  const auto table = std::make_shared<SessionCells>();
  SessionSlots one(1, table);
  EXPECT_TRUE(one.admit("a", kNow));
  SessionSlots three(3, table);
  EXPECT_TRUE(three.admit("a", kNow));
  EXPECT_TRUE(three.admit("b", kNow));
  EXPECT_TRUE(three.admit("c", kNow));
  EXPECT_FALSE(three.admit("d", kNow));
  SessionSlots two(2, table);
  for (const char* session : {"a", "b", "c"}) EXPECT_TRUE(two.admit(session, kNow)) << session;
  EXPECT_FALSE(two.admit("d", kNow));
  const int64_t later = kNow + SessionSlots::kIdleSeconds;
  EXPECT_TRUE(two.admit("c", later));
  EXPECT_TRUE(two.admit("d", later + 1)) << "two of the three are over";
  for (const char* session : {"a", "b", "e"})
    EXPECT_FALSE(two.admit(session, later + 1)) << session;
}

TEST(SessionSlotsTest, WorkersTogetherKeepToALimitThatBecameSmaller) {
  for (int round = 0; round < 50; ++round) {
    const auto table = std::make_shared<SessionCells>();
    SessionSlots wide(130, table), narrow(10, table);
    for (int i = 0; i < 6; ++i) EXPECT_TRUE(wide.admit("old-" + std::to_string(i), kNow));
    std::atomic<int> admitted{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&, i] {
        for (int j = 0; j < 20; ++j)
          if (narrow.admit(std::to_string(i) + "-" + std::to_string(j), kNow))
            admitted.fetch_add(1);
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_LE(admitted.load(), 4);
    EXPECT_LE(table->count(static_cast<uint32_t>(kNow)), 10u);
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
