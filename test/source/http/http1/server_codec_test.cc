#include "source/http/http1/server_codec.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

#include "source/base/status.h"
#include "test/support/codec_recorder.h"

namespace omni {
namespace {

using test::ServerRecorder;

// A connection: bytes that the codec leaves are offered again.
struct Wire {
  explicit Wire(const CodecLimits& limits = {}, std::string_view scheme = "http")
      : codec(events, limits, scheme) {}

  absl::Status feed(std::string_view bytes) {
    in.append(bytes);
    return codec.feed(in);
  }
  absl::Status feed_again() { return codec.feed(in); }
  std::string drain() {
    Buffer out;
    codec.drain(out);
    return out.to_string();
  }
  StreamId last() const { return events.order.back(); }
  void answer(std::string_view body, int status = 200) {
    ResponseHead head;
    head.status = status;
    head.content_length = body.size();
    codec.send_headers(last(), head);
    codec.send_body(last(), Buffer(body));
    codec.send_complete(last());
  }

  ServerRecorder events;
  Http1ServerCodec codec;
  Buffer in;
};

constexpr std::string_view kGet = "GET /v1/models?x=1 HTTP/1.1\r\nHost: example.com:80\r\n\r\n";

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

TEST(Http1ServerTest, ReportsARequestWithoutBody) {
  Wire wire({}, "https");
  ASSERT_TRUE(wire.feed(kGet).ok());
  const auto& request = wire.events.last();
  EXPECT_EQ(request.head.method, "GET");
  EXPECT_EQ(request.head.target, "/v1/models?x=1");
  EXPECT_EQ(request.head.authority, "example.com:80");
  EXPECT_EQ(request.head.scheme, "https");
  EXPECT_FALSE(request.head.has_body);
  EXPECT_TRUE(request.head.headers.empty());
  EXPECT_TRUE(request.is_complete);
  EXPECT_EQ(wire.codec.active(), 1u);
}

TEST(Http1ServerTest, LowersNamesTrimsValuesAndKeepsOrder) {
  Wire wire;
  ASSERT_TRUE(
      wire.feed("GET / HTTP/1.1\r\nHost: a\r\nX-One: \t 1 \t\r\nX-Two:\r\nx-one:2\r\n\r\n").ok());
  const Headers& headers = wire.events.last().head.headers;
  ASSERT_EQ(headers.size(), 3u);
  EXPECT_EQ(headers[0].name, "x-one");
  EXPECT_EQ(headers[0].value, "1");
  EXPECT_EQ(headers[1].name, "x-two");
  EXPECT_EQ(headers[1].value, "");
  EXPECT_EQ(headers[2].value, "2");
}

TEST(Http1ServerTest, RemovesFieldsOfOneHopAndThoseThatConnectionNames) {
  Wire wire;
  ASSERT_TRUE(
      wire.feed("GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Mine, keep-alive\r\nX-Mine: 1\r\n"
                "Keep-Alive: 5\r\nTE: trailers\r\nTrailer: x\r\nUpgrade: h2c\r\n"
                "Proxy-Connection: close\r\nHTTP2-Settings: a\r\nX-Yours: 2\r\n\r\n")
          .ok());
  const Headers& headers = wire.events.last().head.headers;
  ASSERT_EQ(headers.size(), 1u);
  EXPECT_EQ(headers[0].name, "x-yours");
}

TEST(Http1ServerTest, GivesTheSameEventsForEverySplit) {
  const std::string bytes =
      "\r\nPOST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhelloPOST /b HTTP/1.1\r\nHost: "
      "h\r\n"
      "Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET /c HTTP/1.1\r\nHost: "
      "h\r\n\r\n";
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    Wire wire;
    wire.events.after_complete = [&](StreamId) { wire.answer("ok"); };
    ASSERT_TRUE(wire.feed(bytes.substr(0, cut)).ok()) << cut;
    ASSERT_TRUE(wire.feed(bytes.substr(cut)).ok()) << cut;
    ASSERT_EQ(wire.events.order.size(), 3u) << cut;
    EXPECT_EQ(wire.events.requests[1].body, "hello") << cut;
    EXPECT_EQ(wire.events.requests[2].body, "abcde") << cut;
    EXPECT_EQ(wire.events.requests[3].head.target, "/c") << cut;
    EXPECT_TRUE(wire.events.requests[3].is_complete) << cut;
  }
}

TEST(Http1ServerTest, TakesTheAuthorityFromAnAbsoluteTarget) {
  Wire wire;
  ASSERT_TRUE(wire.feed("GET http://real:8080?q HTTP/1.1\r\nHost: other\r\n\r\n").ok());
  EXPECT_EQ(wire.events.last().head.target, "/?q");
  EXPECT_EQ(wire.events.last().head.authority, "real:8080");
}

TEST(Http1ServerTest, AcceptsAnIpv6Host) {
  Wire wire;
  ASSERT_TRUE(wire.feed("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n").ok());
  EXPECT_EQ(wire.events.last().head.authority, "[::1]:8080");
}

TEST(Http1ServerTest, AcceptsOptionsStar) {
  Wire wire;
  ASSERT_TRUE(wire.feed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").ok());
  EXPECT_EQ(wire.events.last().head.target, "*");
}

TEST(Http1ServerTest, MovesABodyOutOfTheInputWithoutCopying) {
  Wire wire;
  const char* seen = nullptr;
  struct Looker final : ServerEvents {
    const char** where;
    void on_request_headers(StreamId, RequestHead&&) override {}
    void on_request_body(StreamId, Buffer&& body) override { *where = body.front().data(); }
    void on_request_complete(StreamId) override {}
    void on_reset(StreamId, ResetReason) override {}
  } looker;
  looker.where = &seen;
  Http1ServerCodec codec(looker, {}, "http");
  Buffer in("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  const char* base = in.front().data();
  ASSERT_TRUE(codec.feed(in).ok());
  EXPECT_EQ(seen, base + 47);
}

TEST(Http1ServerTest, FramesAnAnswerOfKnownLength) {
  Wire wire;
  ASSERT_TRUE(wire.feed(kGet).ok());
  ResponseHead head;
  head.headers.add("content-type", "text/plain");
  head.content_length = 2;
  wire.codec.send_headers(1, head);
  wire.codec.send_body(1, Buffer("ok"));
  EXPECT_GT(wire.codec.pending(1), 2u);
  wire.codec.send_complete(1);
  EXPECT_EQ(wire.drain(),
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_EQ(wire.codec.pending(1), 0u);
  EXPECT_EQ(wire.codec.active(), 0u);
  EXPECT_FALSE(wire.codec.is_finished());
}

TEST(Http1ServerTest, ChunksAnAnswerOfUnknownLength) {
  Wire wire;
  ASSERT_TRUE(wire.feed(kGet).ok());
  wire.codec.send_headers(1, ResponseHead());
  wire.codec.send_body(1, Buffer("hello"));
  wire.codec.send_body(1, Buffer());
  const std::string large(5000, 'x');
  wire.codec.send_body(1, Buffer(large));
  wire.codec.send_complete(1);
  EXPECT_EQ(wire.drain(),
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1388\r\n" + large +
                "\r\n0\r\n\r\n");
}

TEST(Http1ServerTest, NeverWritesAHeaderThatHoldsALineBreak) {
  Wire wire;
  ASSERT_TRUE(wire.feed(kGet).ok());
  ResponseHead head;
  head.headers.add("x-bad", "a\r\nset-cookie: stolen");
  head.headers.add("x-nul", std::string_view("a\0b", 3));
  head.headers.add("bad name", "x");
  head.headers.add("transfer-encoding", "chunked");
  head.headers.add("connection", "upgrade");
  head.headers.add("content-length", "77");
  head.headers.add("x-good", "\xc3\xa9\tok");
  head.content_length = 0;
  wire.codec.send_headers(1, head);
  wire.codec.send_complete(1);
  EXPECT_EQ(wire.drain(), "HTTP/1.1 200 OK\r\nx-good: \xc3\xa9\tok\r\ncontent-length: 0\r\n\r\n");
}

TEST(Http1ServerTest, LeavesAPipelinedRequestUntilTheAnswerIsComplete) {
  Wire wire;
  ASSERT_TRUE(wire.feed(std::string(kGet) + std::string(kGet)).ok());
  EXPECT_EQ(wire.events.order.size(), 1u);
  EXPECT_EQ(wire.in.size(), kGet.size());
  wire.answer("one");
  ASSERT_TRUE(wire.feed_again().ok());
  EXPECT_EQ(wire.events.order.size(), 2u);
  wire.answer("two");
  const std::string out = wire.drain();
  EXPECT_LT(out.find("one"), out.find("two"));
}

TEST(Http1ServerTest, AnswersPipelinedRequestsWithinOneFeed) {
  Wire wire;
  wire.events.after_complete = [&](StreamId) { wire.answer("x"); };
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += kGet;
  ASSERT_TRUE(wire.feed(bytes).ok());
  EXPECT_EQ(wire.events.order.size(), 100u);
  EXPECT_TRUE(wire.in.empty());
}

TEST(Http1ServerTest, Says100WhenTheBodyIsWaitedFor) {
  Wire wire;
  const std::string head =
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n";
  ASSERT_TRUE(wire.feed(head).ok());
  EXPECT_EQ(wire.drain(), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(wire.feed("hi").ok());
  wire.answer("ok");
  EXPECT_EQ(wire.drain().substr(0, 15), "HTTP/1.1 200 OK");
  EXPECT_FALSE(wire.codec.is_finished());
}

TEST(Http1ServerTest, DoesNotSay100WhenTheBodyIsThere) {
  Wire wire;
  ASSERT_TRUE(
      wire.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi")
          .ok());
  EXPECT_EQ(wire.drain(), "");
  EXPECT_TRUE(wire.events.last().is_complete);
}

// The client may or may not send its body after that, so the connection cannot go on.
TEST(Http1ServerTest, ClosesWhenAnAnswerComesInsteadOf100) {
  Wire wire;
  wire.events.after_headers = [&](StreamId) { wire.answer("no", 401); };
  ASSERT_TRUE(
      wire.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
          .ok());
  const std::string out = wire.drain();
  EXPECT_FALSE(contains(out, "100 Continue"));
  EXPECT_TRUE(contains(out, "connection: close"));
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http1ServerTest, AnswersHeadWithTheLengthAndWithoutTheBody) {
  Wire wire;
  ASSERT_TRUE(wire.feed("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").ok());
  wire.answer("hello");
  EXPECT_EQ(wire.drain(), "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
  ASSERT_TRUE(wire.feed(kGet).ok());
  EXPECT_EQ(wire.events.order.size(), 2u);
}

TEST(Http1ServerTest, SendsNoBodyAndNoLengthWith204) {
  Wire wire;
  ASSERT_TRUE(wire.feed(kGet).ok());
  wire.answer("", 204);
  EXPECT_EQ(wire.drain(), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(Http1ServerTest, EndsAnUnknownLengthForHttp10ByClosing) {
  Wire wire;
  ASSERT_TRUE(wire.feed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").ok());
  wire.codec.send_headers(1, ResponseHead());
  wire.codec.send_body(1, Buffer("hello"));
  wire.codec.send_complete(1);
  EXPECT_EQ(wire.drain(), "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello");
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http1ServerTest, KeepsHttp10AliveOnlyWhenAsked) {
  Wire asked;
  ASSERT_TRUE(asked.feed("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").ok());
  asked.answer("ok");
  EXPECT_TRUE(contains(asked.drain(), "connection: keep-alive\r\n"));
  EXPECT_FALSE(asked.codec.is_finished());

  Wire silent;
  ASSERT_TRUE(silent.feed("GET / HTTP/1.0\r\n\r\n").ok());
  silent.answer("ok");
  EXPECT_TRUE(contains(silent.drain(), "connection: close\r\n"));
  EXPECT_TRUE(silent.codec.is_finished());
}

TEST(Http1ServerTest, ClosesWhenTheClientSaysSo) {
  Wire wire;
  ASSERT_TRUE(wire.feed("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n").ok());
  wire.answer("ok");
  EXPECT_FALSE(wire.codec.is_finished());
  EXPECT_TRUE(contains(wire.drain(), "connection: close\r\n"));
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http1ServerTest, DrainsASmallBodyThatTheAnswerDidNotWaitFor) {
  Wire wire;
  wire.events.after_headers = [&](StreamId) { wire.answer("no", 401); };
  ASSERT_TRUE(wire.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc").ok());
  EXPECT_FALSE(wire.codec.is_finished());
  ASSERT_TRUE(wire.feed(std::string(997, 'x') + std::string(kGet)).ok());
  EXPECT_EQ(wire.events.order.size(), 2u);
  EXPECT_EQ(wire.events.requests[1].body, "");
}

TEST(Http1ServerTest, ClosesOnALargeBodyThatTheAnswerDidNotWaitFor) {
  Wire wire;
  wire.events.after_headers = [&](StreamId) { wire.answer("no", 401); };
  ASSERT_TRUE(wire.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\nabc").ok());
  EXPECT_TRUE(contains(wire.drain(), "connection: close\r\n"));
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http1ServerTest, ClosesWhenAChunkedBodyGoesOnTooLongAfterTheAnswer) {
  Wire wire;
  wire.events.after_headers = [&](StreamId) { wire.answer("no", 401); };
  ASSERT_TRUE(wire.feed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").ok());
  EXPECT_FALSE(wire.codec.is_finished());
  ASSERT_TRUE(wire.feed("20000\r\n" + std::string(70000, 'x')).ok());
  wire.drain();
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http1ServerTest, ClosesWithoutTheFinalChunkOnReset) {
  Wire wire;
  ASSERT_TRUE(wire.feed(kGet).ok());
  wire.codec.send_headers(1, ResponseHead());
  wire.codec.send_body(1, Buffer("part"));
  wire.codec.reset(1, ResetReason::kInternal);
  EXPECT_FALSE(contains(wire.drain(), "0\r\n\r\n"));
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http1ServerTest, CutsABodyLongerThanAnnouncedAndCloses) {
  Wire wire;
  ASSERT_TRUE(wire.feed(kGet).ok());
  ResponseHead head;
  head.content_length = 3;
  wire.codec.send_headers(1, head);
  wire.codec.send_body(1, Buffer("hello"));
  EXPECT_TRUE(wire.drain().ends_with("\r\n\r\nhel"));
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http1ServerTest, ClosesAfterABodyShorterThanAnnounced) {
  Wire wire;
  ASSERT_TRUE(wire.feed(kGet).ok());
  ResponseHead head;
  head.content_length = 9;
  wire.codec.send_headers(1, head);
  wire.codec.send_body(1, Buffer("hello"));
  wire.codec.send_complete(1);
  wire.drain();
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http1ServerTest, SaysCloseDuringShutdownAndFinishes) {
  Wire idle;
  idle.codec.begin_shutdown();
  EXPECT_TRUE(idle.codec.is_finished());

  Wire busy;
  ASSERT_TRUE(busy.feed(kGet).ok());
  busy.codec.begin_shutdown();
  EXPECT_FALSE(busy.codec.is_finished());
  busy.answer("ok");
  EXPECT_TRUE(contains(busy.drain(), "connection: close\r\n"));
  EXPECT_TRUE(busy.codec.is_finished());
}

TEST(Http1ServerTest, KnowsWhetherAHeadHasBegun) {
  Wire wire;
  EXPECT_FALSE(wire.codec.is_mid_headers());
  ASSERT_TRUE(wire.feed(kGet.substr(0, 10)).ok());
  EXPECT_TRUE(wire.codec.is_mid_headers());
  ASSERT_TRUE(wire.feed(kGet.substr(10)).ok());
  EXPECT_FALSE(wire.codec.is_mid_headers());
}

TEST(Http1ServerTest, OwesAnAnswerAfterTheClientsHalfClose) {
  Wire wire;
  ASSERT_TRUE(wire.feed(std::string(kGet) + std::string(kGet)).ok());
  EXPECT_FALSE(wire.codec.on_end_of_input());
  wire.answer("one");
  wire.drain();
  EXPECT_FALSE(wire.codec.is_finished());
  ASSERT_TRUE(wire.feed_again().ok());
  wire.answer("two");
  wire.drain();
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http1ServerTest, OwesNothingForARequestThatWasCutShort) {
  Wire wire;
  ASSERT_TRUE(wire.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc").ok());
  EXPECT_TRUE(wire.codec.on_end_of_input());
}

TEST(Http1ServerTest, RefusesHeadsOneByteAboveTheLimit) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(100, 'x') + "\r\n\r\n";
  CodecLimits limits;
  limits.header_bytes = head.size();
  Wire fits(limits);
  EXPECT_TRUE(fits.feed(head).ok());
  EXPECT_EQ(fits.events.order.size(), 1u);

  limits.header_bytes = head.size() - 1;
  Wire whole(limits);
  EXPECT_EQ(message(whole.feed(head)).substr(0, 3), "431");
  Wire split(limits);
  EXPECT_TRUE(split.feed(head.substr(0, 60)).ok());
  EXPECT_EQ(message(split.feed(head.substr(60))).substr(0, 3), "431");
}

TEST(Http1ServerTest, RefusesARequestLineAboveTheLimit) {
  CodecLimits limits;
  limits.header_bytes = 50;
  Wire wire(limits);
  EXPECT_EQ(message(wire.feed("GET /" + std::string(100, 'x'))).substr(0, 3), "414");
}

TEST(Http1ServerTest, RefusesOneFieldTooMany) {
  CodecLimits limits;
  limits.header_count = 3;
  Wire fits(limits);
  EXPECT_TRUE(fits.feed("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n").ok());
  Wire over(limits);
  EXPECT_EQ(
      message(over.feed("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n")).substr(0, 3),
      "431");
}

TEST(Http1ServerTest, ReadsAHeadByteByByteInLinearTime) {
  Wire wire;
  const std::string head =
      "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(60000, 'x') + "\r\n\r\n";
  for (const char c : head) ASSERT_TRUE(wire.feed({&c, 1}).ok());
  EXPECT_EQ(wire.events.last().head.headers.value("x").size(), 60000u);
}

struct GatherTest : testing::Test {
  GatherTest() {
    wire.events.after_headers = [this](StreamId id) { wire.codec.gather_body(id); };
  }
  // What a connection does with bytes for the target.
  void read_into_target(std::string_view bytes) {
    const absl::Span<char> target = wire.codec.read_target();
    ASSERT_GE(target.size(), bytes.size());
    std::memcpy(target.data(), bytes.data(), bytes.size());
    ASSERT_TRUE(wire.codec.received(bytes.size()).ok());
  }
  Wire wire;
};

TEST_F(GatherTest, ReadsTheRestOfABodyIntoOneBlock) {
  ASSERT_TRUE(wire.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc").ok());
  EXPECT_EQ(wire.codec.read_target().size(), 97u + 64u);
  read_into_target(std::string(50, 'x'));
  EXPECT_EQ(wire.codec.read_target().size(), 47u + 64u);
  EXPECT_EQ(wire.events.last().pieces, 0);
  read_into_target(std::string(47, 'y'));
  EXPECT_EQ(wire.events.last().pieces, 1);
  EXPECT_EQ(wire.events.last().body, "abc" + std::string(50, 'x') + std::string(47, 'y'));
  EXPECT_TRUE(wire.events.last().is_complete);
  EXPECT_TRUE(wire.codec.read_target().empty());
}

TEST_F(GatherTest, GathersWhatIsFedAsWell) {
  ASSERT_TRUE(wire.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n").ok());
  for (const char c : std::string("abcdef")) ASSERT_TRUE(wire.feed({&c, 1}).ok());
  EXPECT_EQ(wire.events.last().pieces, 1);
  EXPECT_EQ(wire.events.last().body, "abcdef");
}

TEST_F(GatherTest, KeepsARequestThatWasReadBehindTheBody) {
  ASSERT_TRUE(wire.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n").ok());
  read_into_target("body" + std::string(kGet.substr(0, 20)));
  EXPECT_EQ(wire.events.order.size(), 1u);
  wire.answer("one");
  ASSERT_TRUE(wire.feed(kGet.substr(20)).ok());
  EXPECT_EQ(wire.events.order.size(), 2u);
  EXPECT_EQ(wire.events.last().head.target, "/v1/models?x=1");
}

TEST_F(GatherTest, ServesARequestThatWasReadBehindTheBodyWhenTheAnswerCameAtOnce) {
  wire.events.after_complete = [this](StreamId) { wire.answer("ok"); };
  ASSERT_TRUE(wire.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n").ok());
  read_into_target("body" + std::string(kGet));
  EXPECT_EQ(wire.events.order.size(), 2u);
}

TEST_F(GatherTest, PadsTheBodyWithZeros) {
  struct Looker final : ServerEvents {
    Http1ServerCodec* codec = nullptr;
    size_t after = 0;
    bool zeros = true;
    void on_request_headers(StreamId id, RequestHead&&) override { codec->gather_body(id); }
    void on_request_body(StreamId, Buffer&& body) override {
      ASSERT_EQ(body.slice_count(), 1u);
      after = body.slice(0).readable_after();
      const char* end = body.front().data() + body.size();
      for (int i = 0; i < 64; ++i) zeros &= end[i] == 0;
    }
    void on_request_complete(StreamId) override {}
    void on_reset(StreamId, ResetReason) override {}
  } looker;
  Http1ServerCodec codec(looker, {}, "http");
  looker.codec = &codec;
  Buffer in("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
  ASSERT_TRUE(codec.feed(in).ok());
  const absl::Span<char> target = codec.read_target();
  std::memset(target.data(), 'z', target.size());
  ASSERT_TRUE(codec.received(target.size()).ok());
  EXPECT_GE(looker.after, 64u);
  EXPECT_TRUE(looker.zeros);
}

TEST_F(GatherTest, DoesNotGatherAboveTheLimit) {
  CodecLimits limits;
  limits.gather_body_bytes = 10;
  Wire small(limits);
  small.events.after_headers = [&](StreamId id) { small.codec.gather_body(id); };
  ASSERT_TRUE(small.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nab").ok());
  EXPECT_TRUE(small.codec.read_target().empty());
  EXPECT_EQ(small.events.last().body, "ab");
}

TEST_F(GatherTest, ForgetsTheBodyWhenTheAnswerComesFirst) {
  ASSERT_TRUE(wire.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab").ok());
  wire.answer("no", 400);
  EXPECT_TRUE(wire.codec.read_target().empty());
  ASSERT_TRUE(wire.feed("cd" + std::string(kGet)).ok());
  EXPECT_EQ(wire.events.order.size(), 2u);
}

}  // namespace
}  // namespace omni
