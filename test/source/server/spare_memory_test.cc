#include "source/server/spare_memory.h"

#include <gtest/gtest.h>

#include "test/support/fake_dispatcher.h"

namespace omni {
namespace {

class SpareMemoryTest : public ::testing::Test {
 protected:
  test::FakeDispatcher loop_;
  SpareMemory memory_{loop_};
};

TEST_F(SpareMemoryTest, AnIdleLoopIsNotWoken) { EXPECT_EQ(loop_.armed_timers(), 0U); }

TEST_F(SpareMemoryTest, ItGoesOnWhileAnExchangeIsOpen) {
  memory_.exchange_began();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(loop_.armed_timers(), 1U);
    loop_.advance(SpareMemory::kEvery);
  }
  EXPECT_EQ(loop_.armed_timers(), 1U);
}

// What the last one held may have been freed just now.
TEST_F(SpareMemoryTest, ItEndsAWholeSecondBehindTheLastOne) {
  memory_.exchange_began();
  loop_.advance(3 * SpareMemory::kEvery - absl::Milliseconds(1));
  memory_.exchange_ended();
  loop_.advance(absl::Milliseconds(1));
  EXPECT_EQ(loop_.armed_timers(), 1U);
  loop_.advance(SpareMemory::kEvery);
  EXPECT_EQ(loop_.armed_timers(), 0U);
  memory_.exchange_began();
  EXPECT_EQ(loop_.armed_timers(), 1U);
}

}  // namespace
}  // namespace omni
