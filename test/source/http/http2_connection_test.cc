// Connections over the real HTTP/2 codec: what happens to exchanges from inside its callbacks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "test/source/http/http2/raw_frames.h"
#include "test/source/http/server_connection_fixture.h"

namespace omni {
namespace {

using test::data;
using test::frame;
using test::headers;
using test::rst;
using testing::Contains;

class Http2ConnectionTest : public test::ServerConnectionTest {
 protected:
  Http2ConnectionTest() { answers_at_once = false; }

  void open(int streams, bool end = true) {
    connect();
    std::string bytes = test::preface();
    for (int i = 0; i < streams; ++i)
      bytes += headers(static_cast<uint32_t>(1 + 2 * i),
                       end ? test::get_fields() : test::post_fields(), end);
    send(bytes);
    ASSERT_EQ(contexts.size(), static_cast<size_t>(streams));
  }
  // What WINDOW_UPDATE frames (RFC 9113 section 6.9) in `bytes` give to `stream`.
  static size_t credit_given(std::string_view bytes, uint32_t stream) {
    const auto number = [&](size_t at, size_t size) {
      uint32_t out = 0;
      for (size_t i = 0; i < size; ++i) out = out << 8 | static_cast<uint8_t>(bytes[at + i]);
      return out;
    };
    size_t given = 0;
    while (bytes.size() >= 9) {
      const size_t size = 9 + number(0, 3);
      if (bytes[3] == 8 && number(5, 4) == stream) given += number(9, 4);
      bytes.remove_prefix(std::min(size, bytes.size()));
    }
    return given;
  }
  size_t ended() const {
    return static_cast<size_t>(std::count(journal.begin(), journal.end(), "f.end"));
  }
};

TEST_F(Http2ConnectionTest, AnswersEachStream) {
  open(3);
  for (FilterContext* context : contexts) loop.turn([&] { answer(*context, "ok"); });
  loop.run_until_idle();
  EXPECT_EQ(host.ends.size(), 3u);
  EXPECT_EQ(client->active(), 0u);
  EXPECT_EQ(overs, 0);
}

// The codec reports the reset, the exchange ends, and the stream is forgotten, all in one call.
TEST_F(Http2ConnectionTest, AResetStreamEndsItsExchangeOnly) {
  open(2);
  send(rst(1));
  EXPECT_EQ(ended(), 1u);
  ASSERT_EQ(host.ends.size(), 1u);
  EXPECT_TRUE(host.ends[0].aborted);
  loop.turn([&] { answer(*contexts[1], "ok"); });
  loop.run_until_idle();
  EXPECT_EQ(ended(), 2u);
}

TEST_F(Http2ConnectionTest, AResetInTheSameReadAsItsRequestIsSurvived) {
  connect();
  send(test::preface() + headers(1, test::get_fields()) + rst(1) + headers(3, test::get_fields()) +
       rst(3) + headers(5, test::post_fields(), false) + data(5, "x") + rst(5));
  EXPECT_EQ(ended(), 3u);
  EXPECT_EQ(client->active(), 0u);
}

TEST_F(Http2ConnectionTest, AResetAfterHalfAnAnswerIsSurvived) {
  open(1);
  loop.turn([&] {
    contexts[0]->respond_headers({});
    contexts[0]->respond_body(Buffer("half"));
  });
  send(rst(1));
  EXPECT_EQ(ended(), 1u);
}

TEST_F(Http2ConnectionTest, AStreamThatBreaksTheRulesEndsItsExchange) {
  open(1, false);
  // More bytes than announced, data after the end, a window of zero: each ends one stream.
  send(data(1, "x", true) + data(1, "after the end"));
  EXPECT_EQ(ended(), 1u);
}

TEST_F(Http2ConnectionTest, AConnectionErrorEndsAllExchanges) {
  open(3);
  send(frame(0, 0, 0, "data on stream zero"));
  EXPECT_EQ(ended(), 3u);
  EXPECT_EQ(overs, 1);
}

TEST_F(Http2ConnectionTest, ALostConnectionEndsAllExchanges) {
  open(3);
  peer->fail(absl::UnavailableError("reset"));
  loop.run_until_idle();
  EXPECT_EQ(ended(), 3u);
  EXPECT_EQ(overs, 1);
}

// A worker that stops drops its connections with their exchanges in them.
TEST_F(Http2ConnectionTest, DestroyingAConnectionEndsAllItsExchanges) {
  open(4);
  loop.turn([&] { client.reset(); });
  EXPECT_EQ(ended(), 4u);
  EXPECT_EQ(host.ends.size(), 4u);
}

TEST_F(Http2ConnectionTest, AnswersFromInsideTheHeadersCallbackWork) {
  answers_at_once = true;
  connect();
  std::string bytes = test::preface();
  for (uint32_t id = 1; id < 100; id += 2) bytes += headers(id, test::get_fields());
  send(bytes);
  EXPECT_EQ(host.ends.size(), 50u);
  EXPECT_EQ(ended(), 50u);
}

TEST_F(Http2ConnectionTest, ABodyThatStallsIsA408AndTheOtherStreamsGoOn) {
  open(1, false);
  send(headers(3, test::get_fields()));
  loop.advance(limits.body_timeout + absl::Seconds(16));
  ASSERT_EQ(host.ends.size(), 1u);
  EXPECT_EQ(host.ends[0].status, 408);
  EXPECT_EQ(overs, 0);
  loop.turn([&] { answer(*contexts[1], "ok"); });
  loop.run_until_idle();
  EXPECT_EQ(host.ends.size(), 2u);
}

TEST_F(Http2ConnectionTest, ShutdownWaitsForTheLastExchange) {
  open(2);
  loop.turn([&] { client->begin_shutdown(); });
  loop.turn([&] { answer(*contexts[0], "ok"); });
  loop.run_until_idle();
  EXPECT_EQ(overs, 0);
  loop.turn([&] { answer(*contexts[1], "ok"); });
  loop.run_until_idle();
  EXPECT_EQ(overs, 1);
}

TEST_F(Http2ConnectionTest, AStreamWhoseWindowIsFullHoldsItselfAlone) {
  open(2);
  loop.turn([&] {
    contexts[0]->respond_headers({});
    contexts[0]->respond_body(Buffer(std::string(400 * 1024, 'x')));
  });
  EXPECT_EQ(std::count(journal.begin(), journal.end(), "f.hold"), 1);
}

// The window is smaller than what a lane may hold, so no watermark is ever crossed.
TEST_F(Http2ConnectionTest, ABodyThatAFilterHoldsBackKeepsTheWindowShut) {
  limits.codec.stream_window_bytes = 64 * 1024;
  script.request_headers = [this](FilterContext& context) {
    contexts.push_back(&context);
    return Next::kPause;
  };
  open(1, false);
  for (int i = 0; i < 3; ++i) send(data(1, std::string(16 * 1024, 'x')));
  EXPECT_EQ(credit_given(peer->take(), 1), 0u);
  loop.turn([&] { contexts[0]->resume_request(); });
  loop.run_until_idle();
  EXPECT_EQ(credit_given(peer->take(), 1), 48u * 1024);
}

TEST_F(Http2ConnectionTest, AStreamThatBeginsUnderPressureIsHeld) {
  open(1);
  // The client has room for a megabyte (SETTINGS_INITIAL_WINDOW_SIZE), the socket has none.
  send(frame(4, 0, 0, std::string("\0\4\0\x10\0\0", 6)) +
       frame(8, 0, 0, std::string("\0\x10\0\0", 4)));
  peer->set_taking(false);
  loop.turn([&] {
    contexts[0]->respond_headers({});
    contexts[0]->respond_body(Buffer(std::string(400 * 1024, 'x')));
  });
  EXPECT_THAT(journal, Contains("f.hold"));
  journal.clear();
  send(headers(3, test::get_fields()));
  EXPECT_THAT(journal, Contains("f.hold"));
}

}  // namespace
}  // namespace omni
