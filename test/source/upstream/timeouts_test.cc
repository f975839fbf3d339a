// What happens when connecting, answering or going on takes too long.
#include <gmock/gmock.h>

#include "test/source/upstream/pools_fixture.h"

namespace omni::upstream {
namespace {

class TimeoutsTest : public PoolsTest {
 protected:
  TimeoutsTest() {
    timeouts_.connect = absl::Seconds(10);
    timeouts_.first_byte = absl::Seconds(30);
    timeouts_.idle = absl::Seconds(5);
  }
};

TEST_F(TimeoutsTest, ConnectingIsGivenUpInTime) {
  Record record;
  const auto request = open(record);
  EXPECT_EQ(connector_.tries[0].limit, absl::Seconds(10));
  loop_.advance(absl::Milliseconds(9'900));
  EXPECT_EQ(record.failures, 0);
  loop_.advance(absl::Milliseconds(200));
  EXPECT_EQ(record.failure, UpstreamFailure::kTimeout);
  EXPECT_EQ(record.why, "connect to api.example.com:8080: timed out after 10s");
  EXPECT_FALSE(record.sent);
  EXPECT_EQ(connector_.pending(), 0u);
}

TEST_F(TimeoutsTest, TheFirstByteIsDueFromOpenOn) {
  Record record;
  const auto request = open(record);
  loop_.advance(absl::Seconds(9));
  const auto peer = connector_.accept();
  loop_.advance(absl::Seconds(20));
  EXPECT_EQ(record.failures, 0);
  loop_.advance(absl::Seconds(2));
  EXPECT_EQ(record.failure, UpstreamFailure::kTimeout);
  EXPECT_EQ(record.why, "no answer from api.example.com:8080 within 30s");
  EXPECT_TRUE(record.sent);
  EXPECT_FALSE(peer->is_open());
}

TEST_F(TimeoutsTest, ARequestThatWaitsInTheQueueFailsUnsent) {
  limits_.connections = 1;
  Record a, b;
  timeouts_.first_byte = absl::InfiniteDuration();
  const auto first = open(a);
  const auto peer = connector_.accept();
  timeouts_.first_byte = absl::Seconds(30);
  const auto second = open(b);
  loop_.advance(absl::Seconds(31));
  EXPECT_EQ(b.failure, UpstreamFailure::kTimeout);
  EXPECT_EQ(b.why, "no free connection to api.example.com:8080 within 30s");
  EXPECT_FALSE(b.sent);
  EXPECT_EQ(a.failures, 0);
  EXPECT_TRUE(peer->is_open());
}

TEST_F(TimeoutsTest, ABodyThatFallsSilentFails) {
  Record record;
  const auto request = open(record);
  const auto peer = connector_.accept();
  peer->send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n");
  for (int i = 0; i < 10; ++i) {
    loop_.advance(absl::Seconds(4));
    peer->send("x");
  }
  EXPECT_EQ(record.failures, 0);
  loop_.advance(absl::Milliseconds(4'900));
  EXPECT_EQ(record.failures, 0);
  loop_.advance(absl::Milliseconds(200));
  EXPECT_EQ(record.failure, UpstreamFailure::kTimeout);
  EXPECT_EQ(record.why, "api.example.com:8080 sent nothing more for 5s");
  EXPECT_TRUE(record.sent);
  EXPECT_FALSE(peer->is_open());
}

TEST_F(TimeoutsTest, AHeadThatStopsInTheMiddleIsIdleToo) {
  Record record;
  const auto request = open(record);
  const auto peer = connector_.accept();
  peer->send("HTTP/1.1 2");
  loop_.advance(absl::Seconds(6));
  EXPECT_EQ(record.failure, UpstreamFailure::kTimeout);
}

TEST_F(TimeoutsTest, TimeInWhichWeDidNotListenDoesNotCount) {
  Record record;
  const auto request = open(record);
  const auto peer = connector_.accept();
  peer->send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab");
  request->hold();
  loop_.advance(absl::Minutes(10));
  request->release();
  loop_.advance(absl::Seconds(4));
  EXPECT_EQ(record.failures, 0);
  peer->send("cd");
  EXPECT_EQ(record.completed, 1);
}

TEST_F(TimeoutsTest, InfiniteMeansNone) {
  timeouts_.connect = timeouts_.first_byte = timeouts_.idle = absl::InfiniteDuration();
  Record record;
  const auto request = open(record);
  loop_.advance(absl::Hours(24));
  const auto peer = connector_.accept();
  loop_.advance(absl::Hours(24));
  peer->send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab");
  loop_.advance(absl::Hours(24));
  peer->send("cd");
  EXPECT_EQ(record.completed, 1);
}

TEST_F(TimeoutsTest, NothingFiresAfterTheEnd) {
  limits_.forget_after = absl::Hours(48);
  Record record;
  const auto request = open(record);
  connector_.accept()->send(kOk);
  loop_.advance(absl::Hours(1));
  EXPECT_EQ(record.completed, 1);
  EXPECT_EQ(record.failures, 0);
}

TEST_F(TimeoutsTest, MayBeDestroyedByItsOwnTimeout) {
  Record record;
  auto request = open(record);
  record.on_done = [&] { request = nullptr; };
  const auto peer = connector_.accept();
  loop_.advance(absl::Seconds(31));
  EXPECT_EQ(record.failures, 1);
  Record next;
  const auto second = open(next);
  connector_.accept()->send(kOk);
  EXPECT_EQ(next.completed, 1);
}

}  // namespace
}  // namespace omni::upstream
