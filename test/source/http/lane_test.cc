#include "source/http/lane.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace omni {
namespace {

// Stages that do what the test says; the default is to pass everything on.
class Row final : public LaneStages {
 public:
  explicit Row(size_t count) : lane(*this, count) {}

  Next on_lane_headers(size_t stage) override {
    log.push_back(std::to_string(stage) + "h");
    return headers ? headers(stage) : Next::kContinue;
  }
  Next on_lane_body(size_t stage, Buffer& bytes) override {
    log.push_back(std::to_string(stage) + "b:" + bytes.to_string());
    return body ? body(stage, bytes) : Next::kContinue;
  }
  Next on_lane_complete(size_t stage) override {
    log.push_back(std::to_string(stage) + "c");
    return complete ? complete(stage) : Next::kContinue;
  }
  void out_headers() override { log.push_back("out h"); }
  void out_body(Buffer&& bytes) override {
    log.push_back("out b:" + bytes.to_string());
    out += bytes.to_string();
  }
  void out_complete() override { log.push_back("out c"); }

  void send(std::string_view text) {
    lane.put_headers();
    lane.put_body(Buffer(text));
    lane.put_complete();
  }
  std::vector<std::string> take() { return std::exchange(log, {}); }

  std::function<Next(size_t)> headers, complete;
  std::function<Next(size_t, Buffer&)> body;
  std::vector<std::string> log;
  std::string out;
  Lane lane;
};

using Log = std::vector<std::string>;

TEST(LaneTest, StreamsEachEventThroughEveryStageInOrder) {
  Row row(2);
  row.lane.put_headers();
  EXPECT_EQ(row.take(), (Log{"0h", "1h", "out h"}));
  row.lane.put_body(Buffer("ab"));
  EXPECT_EQ(row.take(), (Log{"0b:ab", "1b:ab", "out b:ab"}));
  row.lane.put_complete();
  EXPECT_EQ(row.take(), (Log{"0c", "1c", "out c"}));
  EXPECT_EQ(row.lane.buffered(), 0u);
}

TEST(LaneTest, WithoutStagesEverythingGoesStraightOut) {
  Row row(0);
  row.send("x");
  EXPECT_EQ(row.log, (Log{"out h", "out b:x", "out c"}));
}

TEST(LaneTest, AStageIsNotAskedForEventsItSkips) {
  Row row(3);
  row.lane.skip(
      1, static_cast<uint8_t>(LaneEvent::kHeaders) | static_cast<uint8_t>(LaneEvent::kComplete));
  row.send("x");
  EXPECT_EQ(row.log,
            (Log{"0h", "2h", "out h", "0b:x", "1b:x", "2b:x", "out b:x", "0c", "2c", "out c"}));
}

TEST(LaneTest, NothingOvertakesWhatWaitsAtAStageThatSkips) {
  Row row(3);
  row.lane.skip(1, static_cast<uint8_t>(LaneEvent::kComplete));
  row.body = [](size_t stage, Buffer&) { return stage == 1 ? Next::kPause : Next::kContinue; };
  row.send("x");
  EXPECT_EQ(row.take(), (Log{"0h", "1h", "2h", "out h", "0b:x", "1b:x", "0c"}));
  row.lane.resume(1);
  EXPECT_EQ(row.take(), (Log{"2b:x", "out b:x", "2c", "out c"}));
}

TEST(LaneTest, NothingOvertakesAnEventThatASkippingStageIsBusyWith) {
  Row row(2);
  row.lane.skip(1, static_cast<uint8_t>(LaneEvent::kBody));
  row.body = [](size_t, Buffer&) { return Next::kPause; };
  row.headers = [&](size_t stage) {
    if (stage == 1) row.lane.resume(0);
    return stage == 0 ? Next::kPause : Next::kContinue;
  };
  row.lane.put_headers();
  row.lane.put_body(Buffer("x"));
  row.lane.resume(0);
  EXPECT_EQ(row.take(), (Log{"0h", "0b:x", "1h", "out h", "out b:x"}));
}

TEST(LaneTest, WhatACallbackPutsInMovesBeforeTheEventItIsCalledFor) {
  Row row(2);
  row.complete = [&](size_t stage) {
    if (stage == 0) row.lane.put_body(Buffer("last"), 1);
    return Next::kContinue;
  };
  row.send("x");
  EXPECT_EQ(row.take(), (Log{"0h", "1h", "out h", "0b:x", "1b:x", "out b:x", "0c", "1b:last",
                             "out b:last", "1c", "out c"}));
}

TEST(LaneTest, AWholeMessageStageSeesOneBodyOnceTheMessageIsComplete) {
  Row row(3);
  row.lane.want_whole(1);
  row.lane.put_headers();
  row.lane.put_body(Buffer("one "));
  row.lane.put_body(Buffer("two"));
  EXPECT_EQ(row.take(), (Log{"0h", "0b:one ", "0b:two"}));
  EXPECT_EQ(row.lane.buffered(), 7u);
  EXPECT_EQ(row.lane.gathered(1).to_string(), "one two");
  row.lane.put_complete();
  EXPECT_EQ(row.take(), (Log{"0c", "1h", "1b:one two", "1c", "2h", "out h", "2b:one two",
                             "out b:one two", "2c", "out c"}));
}

TEST(LaneTest, PausedHeadersHoldWhatFollowsUntilResumed) {
  Row row(2);
  row.headers = [](size_t stage) { return stage == 0 ? Next::kPause : Next::kContinue; };
  row.send("body");
  EXPECT_EQ(row.take(), (Log{"0h"}));
  EXPECT_EQ(row.lane.buffered(), 4u);
  row.lane.resume(0);
  EXPECT_EQ(row.out, "body");
  EXPECT_EQ(row.take().back(), "out c");
  row.lane.resume(0);
  EXPECT_TRUE(row.log.empty()) << "resuming what is not paused does nothing";
}

TEST(LaneTest, APausedBodyIsKeptAndCountedAndLaterBytesWaitBehindIt) {
  Row row(1);
  int calls = 0;
  row.body = [&](size_t, Buffer&) { return ++calls == 1 ? Next::kPause : Next::kContinue; };
  row.lane.put_headers();
  row.lane.put_body(Buffer("abc"));
  row.lane.put_body(Buffer("de"));
  EXPECT_EQ(row.lane.buffered(), 5u);
  EXPECT_EQ(row.out, "");
  row.lane.resume(0);
  EXPECT_EQ(row.out, "abcde");
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(row.lane.buffered(), 0u);
}

TEST(LaneTest, PausedCompleteIsTheLastThingToLeave) {
  Row row(1);
  row.complete = [](size_t) { return Next::kPause; };
  row.send("x");
  EXPECT_EQ(row.log.back(), "0c");
  row.lane.resume(0);
  EXPECT_EQ(row.log.back(), "out c");
}

TEST(LaneTest, ABodyTakenByAStageDoesNotMoveOn) {
  Row row(2);
  row.body = [](size_t stage, Buffer& bytes) {
    if (stage == 0) bytes.clear();
    return Next::kContinue;
  };
  row.send("secret");
  EXPECT_EQ(row.out, "");
  EXPECT_EQ(row.log, (Log{"0h", "1h", "out h", "0b:secret", "0c", "1c", "out c"}));
}

TEST(LaneTest, AStageMayBeResumedFromAnotherStagesCallback) {
  Row row(2);
  row.headers = [](size_t stage) { return stage == 1 ? Next::kPause : Next::kContinue; };
  row.body = [&](size_t stage, Buffer&) {
    if (stage == 0) row.lane.resume(1);
    return Next::kContinue;
  };
  row.lane.put_headers();
  EXPECT_EQ(row.take(), (Log{"0h", "1h"}));
  row.lane.put_body(Buffer("x"));
  EXPECT_EQ(row.take(), (Log{"0b:x", "out h", "1b:x", "out b:x"}));
}

TEST(LaneTest, ResumingInsideTheCallbackThatPausesPassesOn) {
  Row row(1);
  row.headers = [&](size_t stage) {
    row.lane.resume(stage);
    return Next::kPause;
  };
  row.lane.put_headers();
  EXPECT_EQ(row.log, (Log{"0h", "out h"}));
}

TEST(LaneTest, CuttingInsideACallbackDropsTheEventAndAllThatWaits) {
  Row row(2);
  row.body = [&](size_t stage, Buffer&) {
    if (stage == 0) row.lane.cut_all();
    return Next::kContinue;
  };
  row.send("x");
  row.lane.put_body(Buffer("y"));
  row.lane.put_complete(2);
  EXPECT_EQ(row.log, (Log{"0h", "1h", "out h", "0b:x"}));
  EXPECT_EQ(row.lane.buffered(), 0u);
}

TEST(LaneTest, CuttingAPausedStageForgetsWhatItKept) {
  Row row(2);
  row.body = [](size_t stage, Buffer&) { return stage == 0 ? Next::kPause : Next::kContinue; };
  row.send("kept");
  EXPECT_EQ(row.lane.buffered(), 4u);
  row.lane.cut_before(1);
  EXPECT_EQ(row.lane.buffered(), 0u);
  row.lane.resume(0);
  row.lane.put_body(Buffer("own"), 1);
  row.lane.put_complete(1);
  EXPECT_EQ(row.out, "own") << "stages after the cut live on";
}

TEST(LaneTest, WhatAStagePutsDuringItsOwnCallbackComesBehindTheEvent) {
  Row row(2);
  row.body = [&](size_t stage, Buffer& bytes) {
    if (stage == 0 && bytes.to_string() == "a") row.lane.put_body(Buffer("b"), 0);
    return Next::kContinue;
  };
  row.complete = [&](size_t stage) {
    if (stage == 0) row.lane.put_body(Buffer("tail"), 1);
    return Next::kContinue;
  };
  row.send("a");
  EXPECT_EQ(row.out, "abtail");
  EXPECT_EQ(row.log.back(), "out c");
}

TEST(LaneTest, EventsEnterAtALaterStage) {
  Row row(3);
  row.lane.put_headers(2);
  row.lane.put_body(Buffer("x"), 2);
  row.lane.put_complete(3);
  EXPECT_EQ(row.log, (Log{"2h", "out h", "2b:x", "out b:x", "out c"}));
}

// A reader overwrites what it lent when the callback returns.
TEST(LaneTest, LentBytesThatStayBehindAreOwnedAfterThePump) {
  Row row(2);
  row.lane.want_whole(1);
  Block* block = Block::create(16);
  std::memcpy(block->data(), "lent bytes", 10);
  block->set_used(10);
  block->lend();
  block->ref();
  Buffer lent;
  lent.append(Slice(block->data(), 10, block));
  row.lane.put_headers();
  row.lane.put_body(std::move(lent));
  std::memset(block->data(), '#', 10);
  block->unref();
  row.lane.put_complete();
  EXPECT_EQ(row.out, "lent bytes");
}

}  // namespace
}  // namespace omni
