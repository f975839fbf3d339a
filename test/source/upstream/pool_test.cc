#include "source/upstream/pool.h"

#include <gmock/gmock.h>

#include "test/source/upstream/pools_fixture.h"

namespace omni::upstream {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class PoolTest : public PoolsTest {};

TEST_F(PoolTest, SendsHeadAndBodyInOneWriteOfTheSameTurn) {
  const auto peer = warm_connection();
  const size_t writes = peer->writes();
  Record record;
  const auto request = open(record, std::string(1024, 'b'));
  EXPECT_EQ(peer->writes(), writes + 1);
  EXPECT_THAT(peer->written(),
              AllOf(StartsWith("POST /v1/x HTTP/1.1\r\n"), HasSubstr("api.example.com:8080\r\n"),
                    HasSubstr("1024\r\n"), EndsWith(std::string(1024, 'b'))));
}

TEST_F(PoolTest, DeliversHeadBodyAndEnd) {
  Record record;
  const auto request = open(record, "hello");
  const auto peer = connector_.accept();
  peer->send("HTTP/1.1 201 Created\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
  ASSERT_TRUE(record.head.has_value());
  EXPECT_EQ(record.head->status, 201);
  EXPECT_EQ(record.head->headers.value("x-a"), "1");
  EXPECT_EQ(record.body, "abc");
  EXPECT_EQ(record.completed, 0);
  peer->send("2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(record.body, "abcde");
  EXPECT_EQ(record.completed, 1);
  EXPECT_EQ(record.failures, 0);
}

TEST_F(PoolTest, ReusesAKeptConnection) {
  const auto peer = warm_connection();
  Record record;
  const auto request = open(record, "again");
  EXPECT_EQ(connector_.tries.size(), 1u);
  peer->send(kOk);
  EXPECT_EQ(record.body, "ok");
  EXPECT_EQ(stat("omniroute_upstream_requests_total"), 2);
  EXPECT_EQ(stat("omniroute_upstream_connections_reused_total"), 1);
  EXPECT_EQ(stat("omniroute_upstream_connections_opened_total"), 1);
  EXPECT_EQ(stat("omniroute_upstream_connections", {{"state", "idle"}}), 1);
  EXPECT_EQ(stat("omniroute_upstream_connections", {{"state", "active"}}), 0);
}

TEST_F(PoolTest, UsesTheConnectionThatWasFreedLast) {
  Record a, b, c;
  const auto first = open(a), second = open(b);
  const auto one = connector_.accept(), two = connector_.accept();
  two->send(kOk);
  one->send(kOk);
  one->take();
  const auto third = open(c);
  EXPECT_THAT(one->take(), StartsWith("GET /v1/x"));
}

TEST_F(PoolTest, KeepsOriginsApart) {
  const auto peer = warm_connection();
  origin_.port = 9090;
  origin_.seal();
  Record record;
  const auto request = open(record);
  EXPECT_EQ(connector_.tries.size(), 2u);
  EXPECT_NE(connector_.tries[0].key, connector_.tries[1].key);
  EXPECT_EQ(pools().pool_count(), 2u);
}

TEST_F(PoolTest, DropsPoolsThatNobodyUsesWhenANewOriginComes) {
  auto peer = warm_connection();
  loop_.turn([&] { peer->fail(absl::OkStatus()); });
  origin_.port = 9090;
  origin_.seal();
  Record record;
  const auto request = open(record);
  EXPECT_EQ(pools().pool_count(), 1u);
}

TEST_F(PoolTest, HonoursConnectionClose) {
  Record record;
  const auto request = open(record);
  const auto peer = connector_.accept();
  peer->send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_EQ(record.completed, 1);
  EXPECT_FALSE(peer->is_open());
  Record next;
  const auto second = open(next);
  EXPECT_EQ(connector_.pending(), 1u);
}

TEST_F(PoolTest, CompletesABodyThatTheCloseDelimits) {
  Record record;
  const auto request = open(record);
  const auto peer = connector_.accept();
  peer->send("HTTP/1.1 200 OK\r\n\r\nall of it");
  peer->end_input();
  EXPECT_EQ(record.body, "all of it");
  EXPECT_EQ(record.completed, 1);
  EXPECT_FALSE(peer->is_open());
}

TEST_F(PoolTest, NeverReusesAConnectionThatSaidMoreThanItsResponse) {
  Record record;
  const auto request = open(record);
  const auto peer = connector_.accept();
  peer->send(std::string(kOk) + "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil");
  EXPECT_EQ(record.body, "ok");
  EXPECT_FALSE(peer->is_open());
}

TEST_F(PoolTest, NeverReusesAConnectionWhosePeerHasNotReadTheRequest) {
  Record record;
  const auto request = open(record, "x");
  const auto peer = connector_.accept();
  peer->send(kOk);
  peer->set_taking(false);
  Record next;
  const auto second = open(next, std::string(100'000, 'x'));
  peer->send("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n");
  EXPECT_EQ(next.head->status, 413);
  EXPECT_FALSE(peer->is_open());
}

TEST_F(PoolTest, ClosesAnIdleConnectionThatSpeaksUnasked) {
  const auto peer = warm_connection();
  peer->send("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n");
  EXPECT_FALSE(peer->is_open());
}

TEST_F(PoolTest, NoticesAtOnceThatAnIdleConnectionWasClosed) {
  const auto peer = warm_connection();
  peer->end_input();
  EXPECT_FALSE(peer->is_open());
  EXPECT_EQ(stat("omniroute_upstream_connections", {{"state", "idle"}}), 0);
  EXPECT_EQ(stat("omniroute_upstream_connections_closed_total"), 1);
}

TEST_F(PoolTest, RepeatsOnceOnAFreshConnectionWhenAKeptOneWasStale) {
  Record a, b;
  const auto first = open(a), second = open(b);
  const auto idle = connector_.accept(), stale = connector_.accept();
  idle->send(kOk);
  stale->send(kOk);
  idle->take();
  Record record;
  const auto request = open(record, "precious");
  stale->fail(absl::UnavailableError("connection reset by peer"));
  EXPECT_EQ(idle->take(), "") << "it may be as stale as the other";
  EXPECT_EQ(record.failures, 0);
  ASSERT_EQ(connector_.pending(), 1u);
  const auto fresh = connector_.accept();
  EXPECT_THAT(fresh->written(), AllOf(StartsWith("POST /v1/x"), EndsWith("precious")));
  fresh->send(kOk);
  EXPECT_EQ(record.completed, 1);
  EXPECT_EQ(stat("omniroute_upstream_stale_retries_total"), 1);
}

TEST_F(PoolTest, RepeatsWhenAKeptConnectionEndsCleanlyInsteadOfAnswering) {
  const auto stale = warm_connection();
  Record record;
  const auto request = open(record, "precious");
  stale->end_input();
  EXPECT_EQ(record.failures, 0);
  connector_.accept()->send(kOk);
  EXPECT_EQ(record.completed, 1);
}

TEST_F(PoolTest, RepeatsExactlyOnce) {
  const auto stale = warm_connection();
  Record record;
  const auto request = open(record);
  stale->fail(absl::UnavailableError("connection reset by peer"));
  connector_.accept()->fail(absl::UnavailableError("connection reset by peer"));
  EXPECT_EQ(connector_.pending(), 0u);
  EXPECT_EQ(record.failures, 1);
  EXPECT_EQ(record.failure, UpstreamFailure::kReset);
  EXPECT_TRUE(record.sent);
  EXPECT_EQ(record.why,
            "api.example.com:8080 broke the connection before the response was complete: "
            "connection reset by peer");
}

TEST_F(PoolTest, NeverRepeatsOnceAResponseByteWasSeen) {
  const auto peer = warm_connection();
  Record record;
  const auto request = open(record);
  peer->send("H");
  peer->fail(absl::UnavailableError("connection reset by peer"));
  EXPECT_EQ(record.failure, UpstreamFailure::kReset);
  EXPECT_TRUE(record.sent);
  EXPECT_EQ(connector_.pending(), 0u);
}

TEST_F(PoolTest, NeverRepeatsWhatAFreshConnectionLost) {
  Record record;
  const auto request = open(record);
  connector_.accept()->end_input();
  EXPECT_EQ(record.failure, UpstreamFailure::kReset);
  EXPECT_TRUE(record.sent);
  EXPECT_EQ(record.why,
            "api.example.com:8080 closed the connection before the response was complete");
}

TEST_F(PoolTest, ReportsABodyThatIsCutShort) {
  Record record;
  const auto request = open(record);
  const auto peer = connector_.accept();
  peer->send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
  peer->end_input();
  EXPECT_EQ(record.body, "half");
  EXPECT_EQ(record.completed, 0);
  EXPECT_EQ(record.failure, UpstreamFailure::kReset);
  EXPECT_TRUE(record.sent);
}

TEST_F(PoolTest, ReportsGarbageAsAProtocolError) {
  Record record;
  const auto request = open(record);
  const auto peer = connector_.accept();
  peer->send("SSH-2.0-OpenSSH_9.2\r\n");
  EXPECT_EQ(record.failure, UpstreamFailure::kProtocol);
  EXPECT_TRUE(record.sent);
  EXPECT_THAT(record.why, StartsWith("api.example.com:8080: "));
  EXPECT_FALSE(peer->is_open());
}

TEST_F(PoolTest, GivesUpOnEndlessHeadersEarly) {
  Record record;
  const auto request = open(record);
  const auto peer = connector_.accept();
  peer->send("HTTP/1.1 200 OK\r\n");
  const std::string line = "x-a: " + std::string(1000, 'a') + "\r\n";
  size_t sent = 0;
  for (; sent < 10'000'000 && peer->is_open(); sent += line.size()) peer->send(line);
  EXPECT_EQ(record.failure, UpstreamFailure::kProtocol);
  EXPECT_LT(sent, 100'000u);
}

TEST_F(PoolTest, CancellingClosesTheConnectionWithinTheTurn) {
  Record record;
  auto request = open(record);
  const auto peer = connector_.accept();
  peer->send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
  destroy(request);
  EXPECT_FALSE(peer->is_open());
  EXPECT_EQ(record.failures + record.completed, 0);
  EXPECT_EQ(stat("omniroute_upstream_connections", {{"state", "active"}}), 0);
  EXPECT_EQ(stat("omniroute_upstream_connections", {{"state", "idle"}}), 0);
}

TEST_F(PoolTest, MayBeCancelledFromAnyEvent) {
  for (int at = 0; at < 3; ++at) {
    Record record;
    auto request = open(record);
    const auto cancel = [&] { request = nullptr; };
    (at == 0 ? record.on_headers : at == 1 ? record.on_body : record.on_done) = cancel;
    const auto peer = connector_.accept();
    peer->send(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
    EXPECT_EQ(request, nullptr);
    EXPECT_EQ(record.completed, at == 2 ? 1 : 0);
    EXPECT_EQ(record.body, at == 0 ? "" : "ab");
    if (at < 2) {
      EXPECT_FALSE(peer->is_open());
    }
    peer->fail(absl::OkStatus());
  }
}

TEST_F(PoolTest, MayOpenTheNextRequestFromTheEndOfTheLast) {
  Record first, next;
  std::unique_ptr<UpstreamRequest> b;
  auto a = open(first);
  first.on_done = [&] {
    a = nullptr;
    b = open_now(next, "next");
  };
  const auto peer = connector_.accept();
  peer->send(kOk);
  // It asked for a connection of its own while the first was busy, and then got the first.
  EXPECT_THAT(peer->written(), EndsWith("next"));
  peer->send(kOk);
  EXPECT_EQ(next.completed, 1);
}

TEST_F(PoolTest, ARequestThatWasCancelledInTheQueueJustLeavesIt) {
  limits_.connections = 1;
  Record a, b, c;
  const auto first = open(a);
  auto second = open(b);
  const auto third = open(c, "third");
  EXPECT_EQ(connector_.tries.size(), 1u);
  EXPECT_EQ(stat("omniroute_upstream_queued"), 3);
  destroy(second);
  EXPECT_EQ(stat("omniroute_upstream_queued"), 2);
  const auto peer = connector_.accept();
  peer->send(kOk);
  EXPECT_THAT(peer->written(), EndsWith("third"));
  EXPECT_EQ(stat("omniroute_upstream_queued"), 0);
}

TEST_F(PoolTest, AConnectionForACancelledRequestIsKeptForTheNext) {
  Record record;
  auto request = open(record);
  destroy(request);
  const auto peer = connector_.accept();
  EXPECT_TRUE(peer->is_open());
  Record next;
  const auto second = open(next);
  EXPECT_EQ(connector_.tries.size(), 1u);
  peer->send(kOk);
  EXPECT_EQ(next.completed, 1);
}

TEST_F(PoolTest, OpensNoMoreConnectionsThanAllowed) {
  limits_.connections = 3;
  std::vector<Record> records(10);
  std::vector<std::unique_ptr<UpstreamRequest>> requests;
  for (Record& record : records) requests.push_back(open(record));
  EXPECT_EQ(connector_.tries.size(), 3u);
  std::vector<std::shared_ptr<FakePeer>> peers;
  for (int i = 0; i < 3; ++i) peers.push_back(connector_.accept());
  for (int i = 0; i < 4; ++i) {
    for (const auto& peer : peers) {
      if (!peer->take().empty()) peer->send(kOk);
    }
  }
  for (const Record& record : records) EXPECT_EQ(record.completed, 1);
  EXPECT_EQ(connector_.tries.size(), 3u);
}

TEST_F(PoolTest, RefusesWhatTheQueueCannotHoldAfterOpenHasReturned) {
  limits_.waiters = 2;
  Record a, b, c;
  const auto first = open(a), second = open(b);
  loop_.turn([&] {
    const auto third = open_now(c);
    EXPECT_EQ(c.failures, 0);
  });
  EXPECT_EQ(c.failures, 0);  // Cancelled before it was told.
  const auto fourth = open(c);
  EXPECT_EQ(c.failures, 1);
  EXPECT_EQ(c.failure, UpstreamFailure::kOverloaded);
  EXPECT_FALSE(c.sent);
  EXPECT_EQ(c.why, "2 requests to api.example.com:8080 are waiting for a connection already");
  EXPECT_EQ(stat("omniroute_upstream_queue_full_total"), 2);
}

TEST_F(PoolTest, TellsWhereItCouldNotConnect) {
  Record record;
  const auto request = open(record);
  connector_.refuse();
  EXPECT_EQ(record.failure, UpstreamFailure::kConnect);
  EXPECT_EQ(record.why, "connect to api.example.com:8080: connection refused");
  EXPECT_FALSE(record.sent);
  EXPECT_EQ(stat("omniroute_upstream_connect_failures_total"), 1);
}

TEST_F(PoolTest, OneFailedAttemptFailsOneRequest) {
  Record a, b;
  const auto first = open(a), second = open(b);
  connector_.refuse();
  EXPECT_EQ(a.failures, 1);
  EXPECT_EQ(b.failures, 0);
  connector_.accept()->send(kOk);
  EXPECT_EQ(b.completed, 1);
}

TEST_F(PoolTest, ASurplusAttemptThatFailsFailsNobody) {
  const auto peer = warm_connection();
  Record a, b;
  const auto first = open(a), second = open(b);  // The second one dials.
  peer->send(kOk);                               // And gets the first one's connection.
  connector_.refuse();
  EXPECT_EQ(b.failures, 0);
  peer->send(kOk);
  EXPECT_EQ(b.completed, 1);
}

TEST_F(PoolTest, ARepeatThatCannotConnectWasNotSent) {
  const auto stale = warm_connection();
  Record record;
  const auto request = open(record);
  stale->fail(absl::UnavailableError("reset"));
  connector_.refuse();
  EXPECT_EQ(record.failure, UpstreamFailure::kConnect);
  EXPECT_FALSE(record.sent);
}

TEST_F(PoolTest, KeepsTwoIdleConnectionsAfterAMinute) {
  std::vector<Record> records(5);
  std::vector<std::unique_ptr<UpstreamRequest>> requests;
  for (Record& record : records) requests.push_back(open(record));
  std::vector<std::shared_ptr<FakePeer>> peers;
  for (int i = 0; i < 5; ++i) peers.push_back(connector_.accept());
  for (const auto& peer : peers) peer->send(kOk);
  loop_.advance(absl::Seconds(59));
  const auto count = [&] {
    return std::count_if(peers.begin(), peers.end(), [](const auto& p) { return p->is_open(); });
  };
  EXPECT_EQ(count(), 5);
  loop_.advance(absl::Seconds(2));
  EXPECT_EQ(count(), 2);
  EXPECT_TRUE(peers[4]->is_open());
  EXPECT_TRUE(peers[3]->is_open());
  loop_.advance(absl::Minutes(5));
  EXPECT_EQ(count(), 2);
  loop_.advance(absl::Minutes(10));
  EXPECT_EQ(count(), 0) << "a forgotten origin keeps nothing";
  EXPECT_EQ(loop_.armed_timers(), 0u);
}

TEST_F(PoolTest, DrainingClosesIdleConnectionsAndThoseThatBecomeIdle) {
  Record a, b;
  const auto first = open(a), second = open(b);
  const auto one = connector_.accept(), two = connector_.accept();
  one->send(kOk);
  loop_.turn([&] { pools().drain_idle(); });
  EXPECT_FALSE(one->is_open());
  EXPECT_TRUE(two->is_open());
  two->send(kOk);
  EXPECT_EQ(b.completed, 1);
  EXPECT_FALSE(two->is_open());
}

TEST_F(PoolTest, HoldingARequestStopsReadingItsSocket) {
  Record record;
  const auto request = open(record);
  const auto peer = connector_.accept();
  peer->send("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc");
  request->hold();
  EXPECT_TRUE(peer->is_held());
  peer->send("def");
  EXPECT_EQ(record.body, "abc");
  loop_.turn([&] {
    request->release();
    EXPECT_EQ(record.body, "abc");
  });
  loop_.run_until_idle();
  EXPECT_EQ(record.body, "abcdef");
  EXPECT_EQ(record.completed, 1);
}

TEST_F(PoolTest, AHoldEndsWithItsRequest) {
  Record record;
  auto request = open(record);
  record.on_body = [&] { request->hold(); };
  const auto peer = connector_.accept();
  peer->send(kOk);
  EXPECT_EQ(record.completed, 1);
  EXPECT_FALSE(peer->is_held());
  request->release();
  exchange(*peer);
}

TEST_F(PoolTest, AHoldThatCameBeforeTheConnectionCounts) {
  Record record;
  const auto request = open(record);
  request->hold();
  const auto peer = connector_.accept();
  peer->send(kOk);
  EXPECT_EQ(record.completed, 0);
  request->release();
  loop_.run_until_idle();
  EXPECT_EQ(record.completed, 1);
}

TEST_F(PoolTest, SaysHowLongARequestWaitedForItsConnection) {
  Record record;
  const auto request = open(record);
  loop_.advance(absl::Milliseconds(30));
  const auto peer = connector_.accept();
  EXPECT_EQ(request->queued_us(), 30'000);
  EXPECT_EQ(stat("omniroute_upstream_connect_seconds"), 1);
}

}  // namespace
}  // namespace omni::upstream
