// Many requests on one connection, with a codec that speaks lines instead of frames.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "source/base/strings.h"
#include "test/source/upstream/pools_fixture.h"

namespace omni::upstream {
namespace {

using ::testing::HasSubstr;

// Peer's lines: "H1" head, "B1 text" body, "E1" end, "R1" refused, "X1" reset, "G1" goes away
// having taken streams up to 1, "L2" allows two streams, anything else is garbage.
class LineCodec final : public ClientCodec {
 public:
  explicit LineCodec(ClientEvents& events) : events_(events) {}

  StreamId open(const RequestHead& head) override {
    next_ += 2;
    open_.insert(next_);
    say(fmt::format("open {} {}", next_, head.target));
    return next_;
  }
  void send_body(StreamId id, Buffer&& body) override {
    const Buffer taken = std::move(body);
    say(fmt::format("body {} {}", id, taken.to_string()));
  }
  void send_complete(StreamId id) override { say(fmt::format("end {}", id)); }
  void reset(StreamId id, ResetReason) override {
    open_.erase(id);
    say(fmt::format("reset {}", id));
  }
  void consumed(StreamId id, size_t bytes) override {
    say(fmt::format("consumed {} {}", id, bytes));
  }
  size_t pending(StreamId) const override { return 0; }

  absl::Status feed(Buffer& in) override {
    const std::string text = in.to_string();
    in.clear();
    for (const std::string_view line : split(text, '\n')) {
      if (!line.empty() && !take(line)) return invalid("not a frame");
    }
    return absl::OkStatus();
  }
  void on_end_of_input() override {
    ended_ = true;
    while (!open_.empty()) drop(*open_.begin(), true);
  }
  void drain(Buffer& out) override { out.append(std::exchange(out_, {})); }

  bool can_open() const override { return !ended_ && open_.size() < limit_; }
  bool is_finished() const override { return ended_; }
  size_t active() const override { return open_.size(); }

 private:
  void say(std::string_view line) { out_.append(line).append("\n"); }
  void drop(StreamId id, bool processed) {
    open_.erase(id);
    events_.on_reset(id, processed ? ResetReason::kInternal : ResetReason::kRefused, processed);
  }
  bool take(std::string_view line) {
    const std::vector<std::string_view> parts = split(line.substr(1), ' ');
    const auto id = static_cast<StreamId>(parse_int(parts[0]).value_or(0));
    switch (line[0]) {
      case 'H':
        events_.on_response_headers(id, ResponseHead());
        return true;
      case 'B':
        events_.on_response_body(id, Buffer(parts.at(1)));
        return true;
      case 'E':
        open_.erase(id);
        events_.on_response_complete(id);
        return true;
      case 'R':
      case 'X':
        drop(id, line[0] == 'X');
        return true;
      case 'G':
        ended_ = true;
        while (!open_.empty() && *open_.rbegin() > id) drop(*open_.rbegin(), false);
        return true;
      case 'L':
        limit_ = static_cast<size_t>(id);
        return true;
      default:
        return false;
    }
  }

  ClientEvents& events_;
  std::string out_;
  std::set<StreamId> open_;
  StreamId next_ = -1;
  size_t limit_ = 100;
  bool ended_ = false;
};

class Http2PoolTest : public PoolsTest {
 protected:
  Http2PoolTest() {
    origin_.tls = true;
    origin_.port = 443;
    origin_.seal();
  }
  std::unique_ptr<ClientCodec> codec(Protocol protocol, ClientEvents& events) override {
    if (protocol == Protocol::kHttp1) return PoolsTest::codec(protocol, events);
    return std::make_unique<LineCodec>(events);
  }
};

TEST_F(Http2PoolTest, CarriesManyRequestsOnOneConnection) {
  Record a, b, c;
  const auto first = open(a, "", "/a"), second = open(b, "", "/b");
  ASSERT_EQ(connector_.tries.size(), 1u) << "the handshake tells whether one is enough";
  const auto peer = connector_.accept("h2");
  const auto third = open(c, "body", "/c");
  EXPECT_EQ(peer->take(), "open 1 /a\nend 1\nopen 3 /b\nend 3\nopen 5 /c\nbody 5 body\nend 5\n");
  peer->send("H5\nB5 cc\nE5\nH1\nB1 aa\nE1\n");
  EXPECT_EQ(c.body, "cc");
  EXPECT_EQ(a.completed, 1);
  EXPECT_EQ(b.completed, 0);
  peer->send("H3\nE3\n");
  EXPECT_EQ(b.completed, 1);
  EXPECT_EQ(connector_.tries.size(), 1u);
}

TEST_F(Http2PoolTest, DialsForTheOthersWhenThePeerSpeaksOnlyHttp1) {
  std::vector<Record> records(4);
  std::vector<std::unique_ptr<UpstreamRequest>> requests;
  for (Record& record : records) requests.push_back(open(record));
  EXPECT_EQ(connector_.pending(), 1u);
  const auto peer = connector_.accept("http/1.1");
  EXPECT_EQ(connector_.pending(), 3u);
  peer->send(kOk);
  EXPECT_EQ(records[0].completed, 1);
}

TEST_F(Http2PoolTest, OpensAnotherConnectionBeyondThePeersLimit) {
  Record a, b, c;
  const auto first = open(a);
  const auto peer = connector_.accept("h2");
  peer->send("L2\n");
  const auto second = open(b);
  const auto third = open(c, "", "/third");
  EXPECT_EQ(connector_.pending(), 1u);
  peer->send("H1\nE1\n");
  EXPECT_THAT(peer->written(), HasSubstr("open 5 /third")) << "whatever is free first";
}

TEST_F(Http2PoolTest, CancellingResetsTheStreamInTheSameTurn) {
  Record a, b;
  auto first = open(a), second = open(b);
  const auto peer = connector_.accept("h2");
  peer->send("H1\nB1 aa\n");
  peer->take();
  destroy(first);
  EXPECT_EQ(peer->take(), "reset 1\n");
  peer->send("B1 more\nH3\nE3\n");
  EXPECT_EQ(a.body, "aa");
  EXPECT_EQ(b.completed, 1);
  EXPECT_TRUE(peer->is_open());
  EXPECT_THAT(peer->take(), HasSubstr("consumed 1 4")) << "the connection's window wants it back";
}

TEST_F(Http2PoolTest, RepeatsARefusedStreamOnAFreshConnectionOnce) {
  Record record;
  const auto request = open(record, "precious");
  const auto peer = connector_.accept("h2");
  peer->send("R1\n");
  EXPECT_EQ(record.failures, 0);
  const auto fresh = connector_.accept("h2");
  EXPECT_EQ(fresh->take(), "open 1 /v1/x\nbody 1 precious\nend 1\n");
  fresh->send("R1\n");
  EXPECT_EQ(record.failure, UpstreamFailure::kReset);
  EXPECT_FALSE(record.sent) << "the peer promised that it did nothing";
  EXPECT_EQ(record.why,
            "api.example.com:443 refused the request unprocessed before the response was complete");
}

TEST_F(Http2PoolTest, RepeatsWhatAGoAwayLeftUnprocessedAndFinishesTheRest) {
  Record a, b;
  const auto first = open(a, "", "/a"), second = open(b, "", "/b");
  const auto peer = connector_.accept("h2");
  peer->send("G1\n");
  EXPECT_TRUE(peer->is_open());
  const auto fresh = connector_.accept("h2");
  EXPECT_EQ(fresh->take(), "open 1 /b\nend 1\n");
  fresh->send("H1\nE1\n");
  EXPECT_EQ(b.completed, 1);
  peer->send("H1\nE1\n");
  EXPECT_EQ(a.completed, 1);
  EXPECT_FALSE(peer->is_open());
}

TEST_F(Http2PoolTest, MakesRoomForARepeatWhenThePoolIsFull) {
  limits_.connections = 1;
  Record record;
  const auto request = open(record);
  const auto peer = connector_.accept("h2");
  peer->send("R1\n");
  EXPECT_FALSE(peer->is_open());
  connector_.accept("h2")->send("H1\nE1\n");
  EXPECT_EQ(record.completed, 1);
}

TEST_F(Http2PoolTest, RepeatsAllThatMetAStaleConnection) {
  Record a, b, c;
  const auto first = open(a);
  const auto peer = connector_.accept("h2");
  peer->send("H1\nE1\n");
  const auto second = open(b), third = open(c);
  peer->fail(absl::UnavailableError("reset"));
  EXPECT_EQ(b.failures + c.failures, 0);
  connector_.accept("h2")->send("H1\nE1\nH3\nE3\n");
  EXPECT_EQ(b.completed + c.completed, 2);
}

TEST_F(Http2PoolTest, NeverRepeatsAStreamThatWasResetAfterItBegan) {
  Record record;
  const auto request = open(record);
  connector_.accept("h2")->send("X1\n");
  EXPECT_EQ(record.failure, UpstreamFailure::kReset);
  EXPECT_TRUE(record.sent);
  EXPECT_EQ(connector_.pending(), 0u);
}

TEST_F(Http2PoolTest, FailsEveryRequestOfABrokenConnection) {
  Record a, b;
  const auto first = open(a), second = open(b);
  const auto peer = connector_.accept("h2");
  peer->send("H1\n?\n");
  EXPECT_EQ(a.failure, UpstreamFailure::kProtocol);
  EXPECT_EQ(b.failure, UpstreamFailure::kProtocol);
  EXPECT_EQ(a.why, "api.example.com:443: not a frame");
  EXPECT_FALSE(peer->is_open());
}

TEST_F(Http2PoolTest, ARequestMayEndItsNeighbours) {
  Record a, b, c;
  auto first = open(a), second = open(b), third = open(c);
  const auto peer = connector_.accept("h2");
  a.on_done = [&] {
    first = nullptr;
    second = nullptr;
  };
  peer->fail(absl::UnavailableError("reset"));
  EXPECT_EQ(a.failures, 1);
  EXPECT_EQ(b.failures, 0);
  EXPECT_EQ(c.failures, 1);
}

TEST_F(Http2PoolTest, AHeldRequestKeepsItsWindowShut) {
  Record a, b;
  const auto first = open(a), second = open(b);
  const auto peer = connector_.accept("h2");
  peer->take();
  loop_.turn([&] { first->hold(); });
  peer->send("H1\nB1 12345\nB3 123\n");
  EXPECT_FALSE(peer->is_held()) << "the neighbour goes on";
  EXPECT_EQ(peer->take(), "consumed 3 3\n");
  loop_.turn([&] { first->release(); });
  EXPECT_EQ(peer->take(), "consumed 1 5\n");
}

TEST_F(Http2PoolTest, OneFailedAttemptFailsAllItWasMeantFor) {
  std::vector<Record> records(3);
  std::vector<std::unique_ptr<UpstreamRequest>> requests;
  for (Record& record : records) requests.push_back(open(record));
  Record late;
  std::unique_ptr<UpstreamRequest> retry;
  records[0].on_done = [&] { retry = open_now(late); };
  connector_.refuse(UpstreamFailure::kTls, "certificate has expired");
  for (const Record& record : records) {
    EXPECT_EQ(record.failure, UpstreamFailure::kTls);
    EXPECT_EQ(record.why, "connect to api.example.com:443: certificate has expired");
  }
  EXPECT_EQ(late.failures, 0);
  EXPECT_EQ(connector_.pending(), 1u);
}

TEST_F(Http2PoolTest, ASilentConnectionGetsNoNewRequestsAfterATimeout) {
  timeouts_.first_byte = absl::Seconds(5);
  Record a, b;
  const auto first = open(a);
  const auto peer = connector_.accept("h2");
  loop_.advance(absl::Seconds(6));
  EXPECT_EQ(a.failure, UpstreamFailure::kTimeout);
  const auto second = open(b);
  EXPECT_EQ(connector_.pending(), 1u);
  EXPECT_FALSE(peer->is_open());
}

TEST_F(Http2PoolTest, AnIdleConnectionThatEndsIsForgotten) {
  Record a, b;
  const auto first = open(a);
  const auto peer = connector_.accept("h2");
  peer->send("H1\nE1\n");
  peer->end_input();
  EXPECT_FALSE(peer->is_open());
  const auto second = open(b);
  EXPECT_EQ(connector_.pending(), 1u);
}

TEST_F(Http2PoolTest, DrainingClosesAConnectionWithItsLastRequest) {
  Record a, b;
  const auto first = open(a), second = open(b);
  const auto peer = connector_.accept("h2");
  loop_.turn([&] { pools().drain_idle(); });
  peer->send("H1\nE1\n");
  EXPECT_TRUE(peer->is_open());
  peer->send("H3\nE3\n");
  EXPECT_FALSE(peer->is_open());
}

}  // namespace
}  // namespace omni::upstream
