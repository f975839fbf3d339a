#include "source/http/http2/server_codec.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "test/source/http/http2/raw_frames.h"
#include "test/support/codec_recorder.h"
#include "test/support/fake_clock.h"

namespace omni {
namespace {

using namespace test;  // NOLINT: the frames are the language of this file.

struct Wire {
  explicit Wire(const CodecLimits& limits = {}) : codec(events, limits, clock) {
    EXPECT_TRUE(feed(preface()).ok());
  }

  absl::Status feed(std::string_view bytes) {
    Buffer in(bytes);
    return codec.feed(in);
  }
  std::vector<Frame> drain() {
    Buffer out;
    codec.drain(out);
    return parse_frames(out.to_string());
  }
  // Of the frames drained now.
  int count(uint8_t type) {
    int found = 0;
    for (const Frame& frame : drain()) found += frame.type == type;
    return found;
  }
  void answer(StreamId id, std::string_view body = "ok") {
    ResponseHead head;
    head.content_length = body.size();
    codec.send_headers(id, head);
    codec.send_body(id, Buffer(body));
    codec.send_complete(id);
  }
  // Code of the GOAWAY that ends the connection, or -1.
  int goaway_code() {
    for (const Frame& frame : drain())
      if (frame.type == 7) return static_cast<int>(frame.word(4));
    return -1;
  }
  // Code of the RST_STREAM of `id`, or -1.
  int reset_code(uint32_t id) {
    for (const Frame& frame : drain())
      if (frame.type == 3 && frame.stream == id) return static_cast<int>(frame.word(0));
    return -1;
  }

  FakeClock clock;
  ServerRecorder events;
  Http2ServerCodec codec;
};

CodecLimits small_limits() {
  CodecLimits limits;
  limits.reset_burst = 10;
  limits.resets_per_second = 2;
  limits.concurrent_streams = 5;
  return limits;
}

TEST(Http2ServerTest, ReportsARequest) {
  Wire wire;
  ASSERT_TRUE(wire.feed(headers(1, post_fields({{"x-a", "b"}, {"te", "trailers"}}), false)).ok());
  EXPECT_EQ(wire.codec.active(), 1u);
  ASSERT_TRUE(wire.feed(data(1, "hel") + data(1, "lo", true)).ok());
  const auto& request = wire.events.last();
  EXPECT_EQ(request.head.method, "POST");
  EXPECT_EQ(request.head.target, "/");
  EXPECT_EQ(request.head.authority, "a");
  EXPECT_EQ(request.head.headers.size(), 1u);
  EXPECT_EQ(request.body, "hello");
  EXPECT_TRUE(request.is_complete);
}

TEST(Http2ServerTest, TakesTheHostWhenThereIsNoAuthority) {
  Wire wire;
  ASSERT_TRUE(
      wire.feed(headers(1,
                        {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "b:1"}}))
          .ok());
  EXPECT_EQ(wire.events.last().head.authority, "b:1");
}

TEST(Http2ServerTest, JoinsCookieCrumbs) {
  Wire wire;
  ASSERT_TRUE(wire.feed(headers(1, get_fields({{"cookie", "a=1"}, {"cookie", "b=2"}}))).ok());
  EXPECT_EQ(wire.events.last().head.headers.value("cookie"), "a=1; b=2");
}

TEST(Http2ServerTest, DropsTrailers) {
  Wire wire;
  ASSERT_TRUE(
      wire.feed(headers(1, post_fields(), false) + data(1, "x") + headers(1, {{"x-trailer", "1"}}))
          .ok());
  EXPECT_TRUE(wire.events.last().is_complete);
  EXPECT_EQ(wire.events.last().head.headers.size(), 0u);
}

TEST(Http2ServerTest, Says100WhenTheBodyIsWaitedFor) {
  Wire wire;
  wire.drain();
  ASSERT_TRUE(wire.feed(headers(1, post_fields({{"expect", "100-continue"}}), false)).ok());
  EXPECT_EQ(wire.count(1), 1);
  ASSERT_TRUE(wire.feed(data(1, "x", true)).ok());
  wire.answer(1);
  EXPECT_EQ(wire.count(1), 1);
}

// Each breaks RFC 9113 section 8; none may become an exchange.
TEST(Http2ServerTest, RefusesMalformedHeads) {
  const Fields shapes[] = {
      {{":scheme", "http"}, {":authority", "a"}, {":path", "/"}},
      {{":method", "GET"}, {":authority", "a"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}},
      get_fields({{":method", "GET"}}),
      get_fields({{":path", "/x"}}),
      get_fields({{":authority", "b"}}),
      get_fields({{":status", "200"}}),
      get_fields({{":unknown", "x"}}),
      get_fields({{"x-a", "1"}, {":path", "/x"}}),
      {{"x-a", "1"}, {":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", ""}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "x"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "*"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/a b"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/a\r\nx: y"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/a#b"}},
      {{":method", "G T"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}},
      {{":method", ""}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "ftp"}, {":authority", "a"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "u@a"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a/b"}, {":path", "/"}},
      get_fields({{"host", "other"}}),
      get_fields({{"connection", "close"}}),
      get_fields({{"keep-alive", "5"}}),
      get_fields({{"proxy-connection", "x"}}),
      get_fields({{"transfer-encoding", "chunked"}}),
      get_fields({{"upgrade", "h2c"}}),
      get_fields({{"te", "gzip"}}),
      get_fields({{"X-Upper", "1"}}),
      get_fields({{"x a", "1"}}),
      get_fields({{"x:a", "1"}}),
      get_fields({{"x-a", "1\r\nx-b: 2"}}),
      get_fields({{"x-a", std::string("1\0", 2)}}),
      get_fields({{"content-length", "x"}}),
      get_fields({{"content-length", "+1"}}),
      get_fields({{"content-length", "0"}, {"content-length", "0"}}),
  };
  for (const Fields& fields : shapes) {
    Wire wire;
    wire.drain();
    const absl::Status status = wire.feed(headers(1, fields));
    EXPECT_TRUE(wire.events.order.empty()) << testing::PrintToString(fields);
    if (status.ok()) {
      EXPECT_EQ(wire.reset_code(1), NGHTTP2_PROTOCOL_ERROR) << testing::PrintToString(fields);
    }
    EXPECT_EQ(wire.codec.active(), 0u);
  }
}

TEST(Http2ServerTest, RefusesAnEmptyHeaderName) {
  Wire wire;
  (void)wire.feed(headers(1, get_fields({{"", "1"}})));
  EXPECT_TRUE(wire.events.order.empty());
}

TEST(Http2ServerTest, ResetsABodyThatDiffersFromItsAnnouncedLength) {
  for (const std::string_view body : {"abcd", "ab"}) {
    Wire wire;
    ASSERT_TRUE(
        wire.feed(headers(1, post_fields({{"content-length", "3"}}), false) + data(1, body, true))
            .ok());
    EXPECT_EQ(wire.events.last().reset, ResetReason::kProtocolError) << body;
    EXPECT_FALSE(wire.events.last().is_complete) << body;
    EXPECT_EQ(wire.codec.active(), 0u);
  }
}

TEST(Http2ServerTest, Answers405ToConnectAnd417ToOtherExpectations) {
  Wire wire;
  ASSERT_TRUE(wire.feed(headers(1, {{":method", "CONNECT"}, {":authority", "a:1"}})).ok());
  ASSERT_TRUE(wire.feed(headers(3, get_fields({{"expect", "wonders"}}))).ok());
  EXPECT_TRUE(wire.events.order.empty());
  EXPECT_EQ(wire.count(0), 2);
}

TEST(Http2ServerTest, Answers431ToAHeadAboveTheLimit) {
  CodecLimits limits;
  limits.header_bytes = 1000;
  Wire wire(limits);
  wire.drain();
  ASSERT_TRUE(wire.feed(headers(1, get_fields({{"x", std::string(600, 'a')}}))).ok());
  EXPECT_EQ(wire.events.order.size(), 1u);
  ASSERT_TRUE(wire.feed(headers(3, get_fields({{"x", std::string(900, 'a')}}), false)).ok());
  EXPECT_EQ(wire.events.order.size(), 1u);
  std::string body;
  for (const Frame& frame : wire.drain())
    if (frame.type == 0 && frame.stream == 3) body += frame.payload;
  EXPECT_NE(body.find("headers_too_large"), std::string::npos);
}

TEST(Http2ServerTest, CountsThirtyTwoBytesForEveryField) {
  CodecLimits limits;
  limits.header_bytes = 1000;
  limits.header_count = 1000;
  Wire wire(limits);
  Fields many;
  for (int i = 0; i < 40; ++i) many.push_back({"a", ""});
  ASSERT_TRUE(wire.feed(headers(1, get_fields(many))).ok());
  EXPECT_TRUE(wire.events.order.empty());
}

TEST(Http2ServerTest, Answers431ToOneFieldTooMany) {
  CodecLimits limits;
  limits.header_count = 2;
  Wire wire(limits);
  ASSERT_TRUE(wire.feed(headers(1, get_fields({{"a", "1"}, {"b", "2"}}))).ok());
  EXPECT_EQ(wire.events.order.size(), 1u);
  ASSERT_TRUE(wire.feed(headers(3, get_fields({{"a", "1"}, {"b", "2"}, {"c", "3"}}))).ok());
  EXPECT_EQ(wire.events.order.size(), 1u);
}

TEST(Http2ServerTest, ResetsAStreamWhoseTrailersAreTooLarge) {
  CodecLimits limits;
  limits.header_bytes = 1000;
  Wire wire(limits);
  ASSERT_TRUE(
      wire.feed(headers(1, post_fields(), false) + headers(1, {{"t", std::string(2000, 'a')}}))
          .ok());
  EXPECT_TRUE(wire.events.last().reset.has_value());
}

// CVE-2023-44487.
TEST(Http2ServerTest, EndsTheConnectionOnRapidReset) {
  Wire wire(small_limits());
  absl::Status status;
  uint32_t id = 1;
  for (; id < 100 && status.ok(); id += 2) {
    status = wire.feed(headers(id, get_fields()) + rst(id));
    wire.codec.forget(static_cast<StreamId>(id));
  }
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(id, 23u);  // The eleventh.
  EXPECT_EQ(wire.goaway_code(), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http2ServerTest, AllowsResetsAtTheAllowedRate) {
  Wire wire(small_limits());
  for (uint32_t id = 1; id < 200; id += 2) {
    ASSERT_TRUE(wire.feed(headers(id, get_fields()) + rst(id)).ok()) << id;
    EXPECT_EQ(wire.events.last().reset, ResetReason::kCancelled);
    wire.codec.forget(static_cast<StreamId>(id));
    wire.clock.advance(absl::Milliseconds(500));
  }
}

// CVE-2025-8671: the peer makes us reset streams.
TEST(Http2ServerTest, EndsTheConnectionOnResetsThatThePeerCauses) {
  Wire wire(small_limits());
  absl::Status status;
  uint32_t id = 1;
  for (; id < 100 && status.ok(); id += 2) {
    // A body longer than announced is a stream error (RFC 9113 section 8.1.1).
    status = wire.feed(headers(id, post_fields({{"content-length", "1"}}), false) +
                       data(id, "too long", true));
    wire.codec.forget(static_cast<StreamId>(id));
  }
  EXPECT_FALSE(status.ok());
  EXPECT_LE(id, 25u);
  EXPECT_EQ(wire.goaway_code(), NGHTTP2_ENHANCE_YOUR_CALM);
}

TEST(Http2ServerTest, DoesNotCountItsOwnResets) {
  Wire wire(small_limits());
  for (uint32_t id = 1; id < 200; id += 2) {
    ASSERT_TRUE(wire.feed(headers(id, get_fields())).ok());
    wire.codec.reset(static_cast<StreamId>(id), ResetReason::kInternal);
    EXPECT_EQ(wire.reset_code(id), NGHTTP2_INTERNAL_ERROR);
    wire.codec.forget(static_cast<StreamId>(id));
  }
  EXPECT_EQ(wire.codec.active(), 0u);
}

// A stream that was reset is closed on the wire, but its exchange may still hold an upstream.
TEST(Http2ServerTest, RefusesRequestsWhileTooManyExchangesAreAlive) {
  Wire wire(small_limits());
  for (uint32_t id = 1; id <= 9; id += 2)
    ASSERT_TRUE(wire.feed(headers(id, get_fields()) + rst(id)).ok());
  wire.drain();
  ASSERT_TRUE(wire.feed(headers(11, get_fields())).ok());
  EXPECT_EQ(wire.events.order.size(), 5u);
  EXPECT_EQ(wire.reset_code(11), NGHTTP2_REFUSED_STREAM);
  wire.codec.forget(1);
  ASSERT_TRUE(wire.feed(headers(13, get_fields())).ok());
  EXPECT_EQ(wire.events.order.size(), 6u);
}

// CVE-2024-28182.
TEST(Http2ServerTest, EndsTheConnectionOnAFloodOfContinuations) {
  Wire wire;
  absl::Status status = wire.feed(frame(1, 0, 1, block(get_fields())));
  EXPECT_TRUE(wire.codec.is_mid_headers());
  int sent = 0;
  for (; sent < 1000 && status.ok(); ++sent)
    status = wire.feed(frame(9, 0, 1, block({{"x", "y"}})));
  EXPECT_FALSE(status.ok());
  EXPECT_LE(sent, 10);
  EXPECT_TRUE(wire.events.order.empty());
}

TEST(Http2ServerTest, EndsTheConnectionOnAFloodOfPings) {
  Wire wire;
  absl::Status status;
  int sent = 0;
  for (; sent < 100000 && status.ok(); ++sent) {
    status = wire.feed(frame(6, 0, 0, "12345678"));
    wire.drain();
  }
  EXPECT_FALSE(status.ok());
  EXPECT_LE(sent, 1001);
}

TEST(Http2ServerTest, BoundsTheAnswersToPingsThatWaitToBeSent) {
  Wire wire;
  std::string pings;
  for (int i = 0; i < 500; ++i) pings += frame(6, 0, 0, "12345678");
  EXPECT_FALSE(wire.feed(pings).ok());
}

TEST(Http2ServerTest, EndsTheConnectionOnAFloodOfSettings) {
  Wire wire;
  absl::Status status;
  int sent = 0;
  for (; sent < 100000 && status.ok(); ++sent) {
    status = wire.feed(frame(4, 0, 0, ""));
    wire.drain();
  }
  EXPECT_FALSE(status.ok());
  EXPECT_LE(sent, 1001);
}

// CVE-2019-9518.
TEST(Http2ServerTest, EndsTheConnectionOnAFloodOfEmptyData) {
  Wire wire;
  ASSERT_TRUE(wire.feed(headers(1, post_fields(), false)).ok());
  absl::Status status;
  int sent = 0;
  for (; sent < 100000 && status.ok(); ++sent) status = wire.feed(data(1, ""));
  EXPECT_FALSE(status.ok());
  EXPECT_LE(sent, 1001);
}

TEST(Http2ServerTest, SaysGoodbyeToWhoeverDoesNotSpeakHttp2) {
  FakeClock clock;
  ServerRecorder events;
  Http2ServerCodec codec(events, {}, clock);
  Buffer in("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_FALSE(codec.feed(in).ok());
  Buffer out;
  codec.drain(out);
  EXPECT_TRUE(codec.is_finished());
  Buffer more("x");
  EXPECT_FALSE(codec.feed(more).ok());
  EXPECT_TRUE(more.empty());
}

TEST(Http2ServerTest, ResetsAStreamThatOverrunsItsWindow) {
  CodecLimits limits;
  limits.stream_window_bytes = 65535;
  Wire wire(limits);
  ASSERT_TRUE(wire.feed(frame(4, kAck, 0, "") + headers(1, post_fields(), false)).ok());
  const std::string part(16000, 'x');
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(wire.feed(data(1, part)).ok());
  EXPECT_FALSE(wire.events.last().reset.has_value());
  ASSERT_TRUE(wire.feed(data(1, part)).ok());
  EXPECT_EQ(wire.events.last().reset, ResetReason::kProtocolError);
}

TEST(Http2ServerTest, ReopensTheWindowByWhatWasConsumed) {
  CodecLimits limits;
  limits.stream_window_bytes = 65535;
  Wire wire(limits);
  ASSERT_TRUE(wire.feed(frame(4, kAck, 0, "") + headers(1, post_fields(), false)).ok());
  wire.drain();
  const std::string part(16000, 'x');
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(wire.feed(data(1, part)).ok());
  EXPECT_EQ(wire.count(8), 0);
  wire.codec.consumed(1, 64000);
  uint32_t reopened = 0;
  for (const Frame& frame : wire.drain())
    if (frame.type == 8 && frame.stream == 1) reopened += frame.word(0);
  EXPECT_EQ(reopened, 64000u);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(wire.feed(data(1, part)).ok());
  EXPECT_FALSE(wire.events.last().reset.has_value());
}

// Bytes that no exchange will consume must not hold the connection's window for ever.
TEST(Http2ServerTest, GivesTheConnectionsWindowBackWhenAnExchangeDies) {
  CodecLimits limits;
  limits.stream_window_bytes = 65535;
  Wire wire(limits);
  ASSERT_TRUE(wire.feed(frame(4, kAck, 0, "")).ok());
  const std::string part(16000, 'x');
  uint32_t id = 1;
  for (int round = 0; round < 20; ++round, id += 2) {
    ASSERT_TRUE(wire.feed(headers(id, post_fields(), false)).ok());
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(wire.feed(data(id, part)).ok()) << round;
    ASSERT_TRUE(wire.feed(rst(id)).ok());
    wire.codec.forget(static_cast<StreamId>(id));
    wire.drain();
  }
}

TEST(Http2ServerTest, HoldsTheAnswerBackWhileThePeersWindowIsClosed) {
  Wire wire;
  ASSERT_TRUE(wire.feed(headers(1, get_fields())).ok());
  wire.answer(1, std::string(100000, 'x'));
  size_t got = 0;
  for (const Frame& frame : wire.drain())
    if (frame.type == 0) got += frame.payload.size();
  EXPECT_EQ(got, 65535u);
  EXPECT_EQ(wire.codec.pending(1), 100000u - 65535u);
  EXPECT_EQ(wire.codec.active(), 1u);
  ASSERT_TRUE(wire.feed(frame(8, 0, 0, number(50000)) + frame(8, 0, 1, number(50000))).ok());
  for (const Frame& frame : wire.drain())
    if (frame.type == 0) got += frame.payload.size();
  EXPECT_EQ(got, 100000u);
  EXPECT_EQ(wire.codec.active(), 0u);
}

TEST(Http2ServerTest, KeepsBytesThatWereLentWhenTheWindowHoldsThemBack) {
  Wire wire;
  ASSERT_TRUE(
      wire.feed(frame(4, 0, 0, std::string("\0\4\0\0\0\0", 6)) + headers(1, get_fields())).ok());
  Block* lent = Block::create(64);
  lent->lend();
  std::memcpy(lent->data(), "precious", 8);
  lent->set_used(8);
  wire.codec.send_headers(1, ResponseHead());
  Buffer body;
  lent->ref();
  body.append(Slice(lent->data(), 8, lent));
  wire.codec.send_body(1, std::move(body));
  wire.drain();
  std::memcpy(lent->data(), "trampled", 8);
  lent->unref();
  ASSERT_TRUE(wire.feed(frame(8, 0, 1, number(100))).ok());
  std::string got;
  for (const Frame& frame : wire.drain())
    if (frame.type == 0) got += frame.payload;
  EXPECT_EQ(got, "precious");
}

TEST(Http2ServerTest, TellsThePeerToStopSendingAfterAnEarlyAnswer) {
  Wire wire;
  auto fields = post_fields();
  fields.emplace_back("content-length", "65537");
  ASSERT_TRUE(wire.feed(headers(1, fields, false)).ok());
  wire.answer(1);
  EXPECT_EQ(wire.reset_code(1), NGHTTP2_NO_ERROR);
  EXPECT_EQ(wire.codec.active(), 0u);
  EXPECT_TRUE(wire.feed(data(1, "late")).ok());
  EXPECT_EQ(wire.events.last().body, "");
}

// curl 7.88 forgets the answer when it is told to stop.
TEST(Http2ServerTest, DropsTheRestOfAShortRequestAfterAnEarlyAnswer) {
  Wire wire;
  ASSERT_TRUE(wire.feed(headers(1, post_fields(), false)).ok());
  wire.answer(1);
  wire.drain();
  EXPECT_EQ(wire.codec.active(), 0u);
  EXPECT_TRUE(wire.feed(data(1, "late", false)).ok());
  EXPECT_TRUE(wire.feed(data(1, "", true)).ok());
  for (const Frame& frame : wire.drain()) EXPECT_NE(frame.type, NGHTTP2_RST_STREAM);
  EXPECT_EQ(wire.events.last().body, "");
  // One that turns out long is stopped all the same.
  ASSERT_TRUE(wire.feed(headers(3, post_fields(), false)).ok());
  wire.answer(3);
  wire.drain();
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(wire.feed(data(3, std::string(16 * 1024, 'x'), false)).ok());
  EXPECT_EQ(wire.reset_code(3), NGHTTP2_NO_ERROR);
}

TEST(Http2ServerTest, LosesNoRequestWhileItShutsDown) {
  Wire wire;
  wire.drain();
  wire.codec.begin_shutdown();
  std::string ping;
  uint32_t last = 0;
  for (const Frame& frame : wire.drain()) {
    if (frame.type == 6) ping = frame.payload;
    if (frame.type == 7) last = frame.word(0);
  }
  EXPECT_EQ(last, 0x7fffffffu);
  EXPECT_FALSE(wire.codec.is_finished());
  // This one was on its way.
  ASSERT_TRUE(wire.feed(headers(1, get_fields())).ok());
  EXPECT_EQ(wire.events.order.size(), 1u);
  ASSERT_TRUE(wire.feed(frame(6, kAck, 0, ping)).ok());
  for (const Frame& frame : wire.drain())
    if (frame.type == 7) last = frame.word(0);
  EXPECT_EQ(last, 1u);
  ASSERT_TRUE(wire.feed(headers(3, get_fields())).ok());
  EXPECT_EQ(wire.events.order.size(), 1u);
  EXPECT_FALSE(wire.codec.is_finished());
  wire.answer(1);
  wire.drain();
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http2ServerTest, FinishesWhenThePeerSaysGoodbye) {
  Wire wire;
  ASSERT_TRUE(wire.feed(headers(1, get_fields()) + frame(7, 0, 0, number(0) + number(0))).ok());
  EXPECT_FALSE(wire.codec.is_finished());
  wire.answer(1);
  wire.drain();
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http2ServerTest, IsMidHeadersUntilTheFieldBlockEnds) {
  Wire wire;
  EXPECT_FALSE(wire.codec.is_mid_headers());
  ASSERT_TRUE(wire.feed(frame(1, kEndStream, 1, block(get_fields()))).ok());
  EXPECT_TRUE(wire.codec.is_mid_headers());
  ASSERT_TRUE(wire.feed(frame(9, kEndHeaders, 1, block({{"x", "y"}}))).ok());
  EXPECT_FALSE(wire.codec.is_mid_headers());
  EXPECT_TRUE(wire.events.last().is_complete);
}

TEST(Http2ServerTest, GivesTheSameEventsForEverySplit) {
  const std::string bytes = headers(1, post_fields({{"content-length", "5"}}), false) +
                            data(1, "hello", true) + headers(3, get_fields());
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    Wire wire;
    ASSERT_TRUE(wire.feed(bytes.substr(0, cut)).ok());
    ASSERT_TRUE(wire.feed(bytes.substr(cut)).ok());
    ASSERT_EQ(wire.events.order.size(), 2u);
    EXPECT_EQ(wire.events.requests[1].body, "hello");
    EXPECT_TRUE(wire.events.requests[3].is_complete);
  }
}

}  // namespace
}  // namespace omni
