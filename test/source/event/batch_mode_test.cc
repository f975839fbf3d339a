#include "source/event/batch_mode.h"

#include <gtest/gtest.h>

#include <vector>

#include "test/support/fake_dispatcher.h"

namespace omni {
namespace {

std::vector<bool> told;  // What the kernel was told.
bool kernel_agrees = true;

bool tell(bool is_on) {
  told.push_back(is_on);
  return kernel_agrees;
}

class BatchModeTest : public ::testing::Test {
 protected:
  BatchModeTest() {
    told.clear();
    kernel_agrees = true;
  }

  void begin(int exchanges) {
    for (int i = 0; i < exchanges; ++i) mode_.exchange_began();
  }
  void end(int exchanges) {
    for (int i = 0; i < exchanges; ++i) mode_.exchange_ended();
  }
  void read(uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) mode_.note_read();
  }
  // At this pace, for so many looks.
  void read_within(absl::Duration time, int times) {
    for (int i = 0; i < times; ++i) {
      loop_.advance(time);
      read(BatchMode::kBusyReads);
    }
  }

  test::FakeDispatcher loop_;
  BatchMode mode_{loop_, tell};
};

const absl::Duration kFast = BatchMode::kBusyTime - absl::Milliseconds(1);

TEST_F(BatchModeTest, ACrowdThatReadsFastTurnsItOn) {
  begin(BatchMode::kCrowd);
  read_within(kFast, 2);
  EXPECT_TRUE(mode_.is_on());
  EXPECT_EQ(told, std::vector<bool>{true});
}

TEST_F(BatchModeTest, OneBelowACrowdNeverDoes) {
  begin(BatchMode::kCrowd - 1);
  read_within(absl::Milliseconds(1), 50);
  EXPECT_FALSE(mode_.is_on());
  EXPECT_EQ(loop_.armed_timers(), 0U) << "an idle loop is not woken for this";
}

TEST_F(BatchModeTest, ASlowCrowdDoesNot) {
  begin(1000);
  read_within(BatchMode::kBusyTime, 50);
  EXPECT_FALSE(mode_.is_on());
}

// Closed loops: when the look comes, all of them may be waiting for their next request.
TEST_F(BatchModeTest, ACrowdCountsThatWasThereSinceTheLastLook) {
  loop_.advance(kFast);
  read(BatchMode::kBusyReads);
  begin(BatchMode::kCrowd);
  end(BatchMode::kCrowd);
  read_within(kFast, 1);
  EXPECT_TRUE(mode_.is_on());
}

TEST_F(BatchModeTest, StaysOnWhileReadsGoOn) {
  begin(BatchMode::kCrowd);
  read_within(kFast, 2);
  for (int i = 0; i < 20; ++i) {
    read(BatchMode::kQuietReads);
    loop_.advance(BatchMode::kQuietTime);
  }
  EXPECT_TRUE(mode_.is_on());
  EXPECT_EQ(told, std::vector<bool>{true});
}

TEST_F(BatchModeTest, FewReadsTurnItOffAndManyOnAgain) {
  begin(BatchMode::kCrowd);
  read_within(kFast, 2);
  loop_.advance(BatchMode::kQuietTime);
  EXPECT_FALSE(mode_.is_on());
  EXPECT_EQ(told, (std::vector<bool>{true, false}));
  EXPECT_EQ(loop_.armed_timers(), 0U);
  read_within(kFast, 2);
  EXPECT_TRUE(mode_.is_on());
}

TEST_F(BatchModeTest, ACrowdThatLeavesTurnsItOff) {
  begin(BatchMode::kCrowd);
  read_within(kFast, 2);
  end(1);
  for (int i = 0; i < 2; ++i) {
    read(BatchMode::kBusyReads);
    loop_.advance(BatchMode::kQuietTime);
  }
  EXPECT_FALSE(mode_.is_on());
}

TEST_F(BatchModeTest, AKernelThatRefusesIsAskedOnce) {
  kernel_agrees = false;
  begin(100);
  read_within(absl::Milliseconds(1), 50);
  EXPECT_FALSE(mode_.is_on());
  EXPECT_EQ(told.size(), 1U);
  EXPECT_EQ(loop_.armed_timers(), 0U);
}

}  // namespace
}  // namespace omni
