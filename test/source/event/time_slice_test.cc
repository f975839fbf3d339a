#include "source/event/time_slice.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <thread>

namespace omni {
namespace {

// What sched_getattr(2) tells of the calling thread: bytes 24 to 31 are its slice in nanoseconds,
// which kernels before 6.12 leave at 0.
uint64_t slice_of_this_thread() {
  std::array<char, 48> attributes{};
  if (syscall(SYS_sched_getattr, 0, attributes.data(), attributes.size(), 0) != 0) return 0;
  uint64_t nanos;
  std::memcpy(&nanos, attributes.data() + 24, sizeof nanos);
  return nanos;
}

template <class Work>
void in_a_thread(Work work) {
  std::thread(work).join();
}

TEST(TimeSliceTest, IsLongerAfterwardsWhereTheKernelKnowsSlices) {
  in_a_thread([] {
    if (slice_of_this_thread() == 0) GTEST_SKIP() << "this kernel has no slices of threads";
    ask_for_long_slice();
    EXPECT_GE(slice_of_this_thread(), 3'000'000U);
  });
}

TEST(TimeSliceTest, PriorityAndPolicyStay) {
  in_a_thread([] {
    ASSERT_EQ(setpriority(PRIO_PROCESS, 0, 5), 0);
    ask_for_long_slice();
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 5);
    EXPECT_EQ(sched_getscheduler(0), SCHED_OTHER);
  });
}

TEST(TimeSliceTest, AnotherPolicyIsLeftAlone) {
  in_a_thread([] {
    const sched_param none{};
    ASSERT_EQ(sched_setscheduler(0, SCHED_BATCH, &none), 0);
    const uint64_t before = slice_of_this_thread();
    ask_for_long_slice();
    EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH);
    EXPECT_EQ(slice_of_this_thread(), before);
  });
}

TEST(TimeSliceTest, GivingWayIsTakenBackAndLeavesTheRest) {
  in_a_thread([] {
    ASSERT_EQ(setpriority(PRIO_PROCESS, 0, 5), 0);
    ask_for_long_slice();
    const uint64_t slice = slice_of_this_thread();
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(give_way(true));
      EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH);
      EXPECT_EQ(slice_of_this_thread(), slice);
      EXPECT_TRUE(give_way(false));
      EXPECT_EQ(sched_getscheduler(0), SCHED_OTHER);
      EXPECT_EQ(slice_of_this_thread(), slice);
      EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 5);
    }
  });
}

TEST(TimeSliceTest, APolicyThatSomebodyElseChoseIsNotTakenBack) {
  in_a_thread([] {
    const sched_param none{};
    ASSERT_EQ(sched_setscheduler(0, SCHED_IDLE, &none), 0);
    EXPECT_FALSE(give_way(true));
    EXPECT_FALSE(give_way(false));
    EXPECT_EQ(sched_getscheduler(0), SCHED_IDLE);
  });
}

}  // namespace
}  // namespace omni
