#include "source/server/roll_calls.h"

#include <gtest/gtest.h>

#include <optional>

#include "test/support/fake_dispatcher.h"

namespace omni {
namespace {

struct RollCallsTest : testing::Test {
  RollCalls::Id ask(size_t count, int& answers) {
    return calls->begin(count, [&answers] { ++answers; });
  }

  test::FakeDispatcher dispatcher;
  std::optional<RollCalls> calls{std::in_place, dispatcher};
  int first = 0, second = 0;
};

TEST_F(RollCallsTest, IsAnsweredWhenTheLastHasSpoken) {
  const RollCalls::Id call = ask(2, first);
  calls->said(call);
  EXPECT_EQ(first, 0);
  calls->said(call);
  EXPECT_EQ(first, 1);
  dispatcher.advance(RollCalls::kLongest * 2);
  EXPECT_EQ(first, 1) << "once";
}

TEST_F(RollCallsTest, GoesOnWithoutOneThatIsSilent) {
  const RollCalls::Id call = ask(2, first);
  calls->said(call);
  dispatcher.advance(RollCalls::kLongest);
  EXPECT_EQ(first, 1);
  calls->said(call);  // At last.
  EXPECT_EQ(first, 1);
}

TEST_F(RollCallsTest, QuestionsDoNotMix) {
  const RollCalls::Id one = ask(1, first), other = ask(1, second);
  calls->said(other);
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
  calls->said(one);
  EXPECT_EQ(first, 1);
}

TEST_F(RollCallsTest, WithoutWorkersTheAnswerComesAllTheSame) {
  ask(0, first);
  dispatcher.advance(absl::Milliseconds(20));
  EXPECT_EQ(first, 1);
}

TEST_F(RollCallsTest, WhoIsAskedMayAskAgain) {
  const RollCalls::Id call = calls->begin(1, [this] { ask(1, second); });
  calls->said(call);
  EXPECT_EQ(second, 0);
  dispatcher.advance(RollCalls::kLongest);
  EXPECT_EQ(second, 1);
}

TEST_F(RollCallsTest, NothingIsAnsweredBehindItsEnd) {
  ask(1, first);
  calls.reset();
  dispatcher.advance(RollCalls::kLongest);
  EXPECT_EQ(first, 0);
}

}  // namespace
}  // namespace omni
