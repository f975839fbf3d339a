// Connections over the real HTTP/1 codec.
#include "source/http/server_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/source/http/server_connection_fixture.h"

namespace omni {
namespace {

using test::ServerConnectionTest;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(ServerConnectionTest, AnswersARequestAndKeepsTheConnection) {
  connect();
  send(kGet);
  EXPECT_THAT(peer->take(), testing::StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(journal, ElementsAre("f>headers", "f>complete", "f.end"));
  ASSERT_EQ(host.ends.size(), 1u);
  EXPECT_EQ(host.ends[0].status, 200);
  EXPECT_EQ(host.ends[0].bytes_out, 2u);
  EXPECT_FALSE(host.ends[0].aborted);
  send(kGet);
  EXPECT_THAT(peer->take(), testing::EndsWith("\r\n\r\nok"));
  EXPECT_TRUE(peer->is_open());
}

TEST_F(ServerConnectionTest, AnAnswerGivenAtOnceSkipsTheRow) {
  connect();
  send("GET /now HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(peer->written(), HasSubstr("x-dressed: 1"));
  EXPECT_THAT(peer->written(), testing::EndsWith("\r\n\r\nnow"));
  EXPECT_TRUE(journal.empty());
}

TEST_F(ServerConnectionTest, PipelinedRequestsAreAnsweredInOrderOneAtATime) {
  answers_at_once = false;
  connect();
  send(std::string(kGet) +
       "GET /now HTTP/1.1\r\nHost: h\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(host.targets, ElementsAre("/x"));
  answer_last("first");
  EXPECT_THAT(host.targets, ElementsAre("/x", "/now", "/y"));
  EXPECT_THAT(peer->written(), HasSubstr("first"));
  EXPECT_THAT(peer->written(), testing::EndsWith("now"));
  answer_last("third");
  EXPECT_THAT(peer->written(), testing::EndsWith("third"));
}

TEST_F(ServerConnectionTest, ManyPipelinedRequestsAreAllAnswered) {
  connect();
  std::string text;
  for (int i = 0; i < 100; ++i) text += i % 2 == 0 ? kGet : "GET /now HTTP/1.1\r\nHost: h\r\n\r\n";
  send(text);
  EXPECT_EQ(count(peer->written(), "HTTP/1.1 200 OK"), 100u);
  EXPECT_EQ(host.ends.size(), 100u);
}

TEST_F(ServerConnectionTest, ALongPipelineHoldsReadingUntilItIsWorkedOff) {
  answers_at_once = false;
  connect();
  std::string text;
  while (text.size() < 200 * 1024) text += kGet;
  const size_t requests = text.size() / kGet.size();
  send(text);
  EXPECT_TRUE(peer->is_held());
  answers_at_once = true;
  answer_last("ok");
  EXPECT_FALSE(peer->is_held());
  EXPECT_EQ(count(peer->written(), "HTTP/1.1 200 OK"), requests);
}

// The rest of a large body is read into place, and what came behind it is a request.
TEST_F(ServerConnectionTest, ARequestReadBehindAGatheredBodyIsAnswered) {
  script.wants.whole_request = true;
  answers_at_once = false;
  connect();
  const std::string body(100 * 1024, 'b');
  send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
       "\r\n\r\n" + body.substr(0, 10));
  send(body.substr(10) + std::string(kGet));
  ASSERT_EQ(contexts.size(), 1u);
  answer_last("first");
  ASSERT_EQ(contexts.size(), 2u) << "the pipelined request was forgotten";
  answer_last("second");
  EXPECT_THAT(peer->written(), testing::EndsWith("second"));
}

TEST_F(ServerConnectionTest, AMalformedRequestIsA400AndTheEnd) {
  connect();
  send("GET /x HTTP/1.1\r\nHost : h\r\n\r\n");
  EXPECT_THAT(peer->written(), testing::StartsWith("HTTP/1.1 400 "));
  EXPECT_TRUE(peer->is_closing());
  EXPECT_EQ(overs, 1);
  EXPECT_FALSE(peer->is_open());
}

TEST_F(ServerConnectionTest, ABodyThatBreaksItsFramingEndsTheExchange) {
  answers_at_once = false;
  connect();
  send("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX");
  EXPECT_THAT(peer->written(), testing::StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(overs, 1);
  EXPECT_THAT(journal, Contains("f.end"));
  ASSERT_EQ(host.ends.size(), 1u);
  EXPECT_TRUE(host.ends[0].aborted);
}

TEST_F(ServerConnectionTest, AConnectionThatSendsNothingIsClosed) {
  connect();
  loop.advance(absl::Seconds(31));
  EXPECT_EQ(overs, 1);
  EXPECT_EQ(peer->written(), "");
}

TEST_F(ServerConnectionTest, AHeadThatDribblesInIsA408AndTheEnd) {
  connect();
  loop.advance(absl::Seconds(5));
  send("GET /x HT");
  for (int i = 0; i < 14; ++i) {
    loop.advance(absl::Seconds(1));
    send("T");
  }
  EXPECT_EQ(overs, 0);
  loop.advance(absl::Seconds(5));
  EXPECT_THAT(peer->written(), testing::StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(peer->written(), HasSubstr("request_timeout"));
  EXPECT_EQ(overs, 1);
}

TEST_F(ServerConnectionTest, AnIdleConnectionLivesItsTimeOut) {
  connect();
  send(kGet);
  loop.advance(limits.idle_timeout - absl::Seconds(20));
  EXPECT_EQ(overs, 0);
  loop.advance(absl::Seconds(40));
  EXPECT_EQ(overs, 1);
}

TEST_F(ServerConnectionTest, AnExchangeThatTakesLongIsNotIdle) {
  answers_at_once = false;
  connect();
  send(kGet);
  loop.advance(absl::Hours(1));
  EXPECT_EQ(overs, 0);
  answer_last("late");
  EXPECT_THAT(peer->written(), testing::EndsWith("late"));
}

TEST_F(ServerConnectionTest, ABodyThatStallsIsA408AndTheEnd) {
  connect();
  send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  loop.advance(limits.body_timeout + absl::Seconds(16));
  EXPECT_THAT(peer->written(), testing::StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(peer->written(), HasSubstr("request_timeout"));
  EXPECT_EQ(overs, 1);
}

TEST_F(ServerConnectionTest, ABodyThatTricklesKeepsItsTime) {
  connect();
  send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n");
  for (int i = 0; i < 9; ++i) {
    loop.advance(absl::Seconds(30));
    send("x");
  }
  EXPECT_EQ(peer->written(), "");
  send("x");
  EXPECT_THAT(peer->written(), testing::StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerConnectionTest, AClientThatTakesNothingIsLeft) {
  connect();
  peer->set_taking(false);
  send(kGet);
  loop.advance(limits.write_timeout + absl::Seconds(31));
  EXPECT_EQ(overs, 1);
}

TEST_F(ServerConnectionTest, AClientThatLeavesCancelsItsExchange) {
  answers_at_once = false;
  connect();
  send(kGet);
  peer->fail(absl::UnavailableError("reset"));
  loop.run_until_idle();
  EXPECT_EQ(overs, 1);
  EXPECT_THAT(journal, Contains("f.end"));
  ASSERT_EQ(host.ends.size(), 1u);
  EXPECT_TRUE(host.ends[0].aborted);
  EXPECT_EQ(host.ends[0].status, 0);
}

TEST_F(ServerConnectionTest, AHalfClosedClientGetsTheAnswerThatIsReady) {
  connect();
  send(kGet);
  peer->end_input();
  loop.run_until_idle();
  EXPECT_THAT(peer->written(), testing::EndsWith("ok"));
  EXPECT_EQ(overs, 1);
}

TEST_F(ServerConnectionTest, AHalfCloseCountsAsLeavingWhileTheAnswerIsBeingMade) {
  answers_at_once = false;
  connect();
  send(kGet);
  peer->end_input();
  loop.run_until_idle();
  EXPECT_EQ(overs, 1);
  EXPECT_THAT(journal, Contains("f.end"));
}

TEST_F(ServerConnectionTest, AFullClientHoldsTheSourceUntilThereIsRoom) {
  answers_at_once = false;
  connect();
  send(kGet);
  peer->set_taking(false);
  loop.turn([&] {
    contexts.back()->respond_headers({});
    contexts.back()->respond_body(Buffer(std::string(300 * 1024, 'x')));
  });
  EXPECT_THAT(journal, Contains("f.hold"));
  peer->set_taking(true);
  loop.run_until_idle();
  EXPECT_EQ(journal.back(), "f.release");
}

// What an earlier answer left in the socket presses on the next exchange, too.
TEST_F(ServerConnectionTest, AnExchangeThatBeginsUnderPressureIsHeld) {
  answers_at_once = false;
  connect();
  send(kGet);
  peer->set_taking(false);
  answer_last(std::string(300 * 1024, 'x'));
  journal.clear();
  send(kGet);
  EXPECT_THAT(journal, Contains("f.hold"));
  peer->set_taking(true);
  loop.run_until_idle();
  EXPECT_EQ(journal.back(), "f.release");
}

TEST_F(ServerConnectionTest, ShutdownLetsTheExchangeFinishAndSaysClose) {
  answers_at_once = false;
  connect();
  send(kGet);
  loop.turn([&] { client->begin_shutdown(); });
  EXPECT_EQ(overs, 0);
  answer_last("bye");
  EXPECT_THAT(peer->written(), HasSubstr("connection: close"));
  EXPECT_THAT(peer->written(), testing::EndsWith("bye"));
  EXPECT_EQ(overs, 1);
}

TEST_F(ServerConnectionTest, ShutdownClosesAnIdleConnectionAtOnce) {
  connect();
  send(kGet);
  loop.turn([&] { client->begin_shutdown(); });
  loop.run_until_idle();
  EXPECT_EQ(overs, 1);
}

TEST_F(ServerConnectionTest, EndingExchangesTellsTheClientWhy) {
  answers_at_once = false;
  connect();
  send(kGet);
  loop.turn([&] { client->end_exchanges(); });
  loop.run_until_idle();
  EXPECT_THAT(peer->written(), testing::StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(peer->written(), HasSubstr("shutting_down"));
  EXPECT_EQ(overs, 1);
}

TEST_F(ServerConnectionTest, ABodyBeyondTheBudgetIsRefusedAndTheBudgetIsGivenBack) {
  script.wants.whole_request = true;
  limits.chain.whole_request_bytes = 8 << 20;
  connect();
  send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n");
  EXPECT_THAT(peer->take(), testing::StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(host.ledger.held(), 0);
}

TEST_F(ServerConnectionTest, ABodyAnnouncedTooLargeIsA413BeforeItComes) {
  script.wants.whole_request = true;
  limits.chain.whole_request_bytes = 100;
  connect();
  send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n");
  EXPECT_THAT(peer->written(), testing::StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(contexts.empty());
}

}  // namespace
}  // namespace omni
