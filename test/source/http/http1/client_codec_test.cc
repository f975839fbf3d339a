#include "source/http/http1/client_codec.h"

#include <gtest/gtest.h>

#include <string>

#include "test/support/codec_recorder.h"

namespace omni {
namespace {

using test::ClientRecorder;

struct Wire {
  explicit Wire(const CodecLimits& limits = {}) : codec(events, limits) {}

  StreamId get(std::string_view method = "GET") {
    RequestHead head;
    head.method = method;
    head.target = "/x";
    head.authority = "up:1";
    const StreamId id = codec.open(head);
    codec.send_complete(id);
    return id;
  }
  absl::Status feed(std::string_view bytes) {
    Buffer in(bytes);
    return codec.feed(in);
  }
  std::string drain() {
    Buffer out;
    codec.drain(out);
    return out.to_string();
  }
  const test::Recorded<ResponseHead>& answer() { return events.answers.rbegin()->second; }

  ClientRecorder events;
  Http1ClientCodec codec;
};

TEST(Http1ClientTest, WritesARequestOfKnownLength) {
  Wire wire;
  RequestHead head;
  head.method = "POST";
  head.target = "/v1/chat/completions";
  head.authority = "api.example";
  head.headers.add("authorization", "Bearer x");
  head.content_length = 2;
  head.has_body = true;
  const StreamId id = wire.codec.open(head);
  wire.codec.send_body(id, Buffer("{}"));
  wire.codec.send_complete(id);
  EXPECT_EQ(wire.drain(),
            "POST /v1/chat/completions HTTP/1.1\r\nhost: api.example\r\nauthorization: Bearer x\r\n"
            "content-length: 2\r\n\r\n{}");
}

TEST(Http1ClientTest, ChunksARequestOfUnknownLength) {
  Wire wire;
  RequestHead head;
  head.method = "POST";
  head.target = "/";
  head.authority = "a";
  head.has_body = true;
  const StreamId id = wire.codec.open(head);
  wire.codec.send_body(id, Buffer("hello"));
  wire.codec.send_complete(id);
  EXPECT_EQ(
      wire.drain(),
      "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
}

TEST(Http1ClientTest, SaysLengthZeroForAPostWithoutBody) {
  Wire wire;
  wire.get("POST");
  EXPECT_EQ(wire.drain(), "POST /x HTTP/1.1\r\nhost: up:1\r\ncontent-length: 0\r\n\r\n");
}

TEST(Http1ClientTest, NeverWritesALineBreakFromATargetOrAHeader) {
  Wire wire;
  RequestHead head;
  head.method = "GET\r\nX: 1";
  head.target = "/a b\r\nX: 1";
  head.authority = "a\r\nX: 1";
  head.headers.add("x", "a\nb");
  wire.codec.open(head);
  EXPECT_EQ(wire.drain(), "GET /a%20b%0D%0AX:%201 HTTP/1.1\r\nhost: \r\n\r\n");
}

TEST(Http1ClientTest, ReadsAnswersAndUsesTheConnectionAgain) {
  Wire wire;
  const StreamId first = wire.get();
  EXPECT_FALSE(wire.codec.can_open());
  ASSERT_TRUE(wire.feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nhi").ok());
  EXPECT_EQ(wire.events.answers[first].body, "hi");
  EXPECT_EQ(wire.events.answers[first].head.headers.value("x-a"), "b");
  EXPECT_EQ(wire.events.answers[first].head.content_length, 2u);
  EXPECT_TRUE(wire.events.answers[first].is_complete);
  EXPECT_TRUE(wire.codec.can_open());
  const StreamId second = wire.get();
  ASSERT_TRUE(
      wire.feed("HTTP/1.1 404\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n").ok());
  EXPECT_EQ(wire.events.answers[second].head.status, 404);
  EXPECT_EQ(wire.events.answers[second].body, "x");
  EXPECT_TRUE(wire.codec.can_open());
}

TEST(Http1ClientTest, GivesTheSameEventsForEverySplit) {
  const std::string bytes =
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
      "chunked\r\n\r\n"
      "5\r\nhello\r\n1;a=b\r\n!\r\n0\r\nT: 1\r\n\r\n";
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    Wire wire;
    wire.get();
    ASSERT_TRUE(wire.feed(bytes.substr(0, cut)).ok()) << cut;
    ASSERT_TRUE(wire.feed(bytes.substr(cut)).ok()) << cut;
    EXPECT_EQ(wire.answer().body, "hello!") << cut;
    EXPECT_EQ(wire.answer().head.headers.size(), 0u) << cut;
    EXPECT_TRUE(wire.answer().is_complete) << cut;
    EXPECT_TRUE(wire.codec.can_open()) << cut;
  }
}

TEST(Http1ClientTest, DeliversTheChunksOfOneReadTogether) {
  Wire wire;
  wire.get();
  ASSERT_TRUE(
      wire.feed(
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n")
          .ok());
  EXPECT_EQ(wire.answer().pieces, 1);
  EXPECT_EQ(wire.answer().body, "abc");
}

TEST(Http1ClientTest, ExpectsNoBodyForHeadAnd204And304) {
  for (const std::string_view status : {"204 No Content", "304 Not Modified"}) {
    Wire wire;
    wire.get();
    ASSERT_TRUE(
        wire.feed("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 5\r\n\r\n").ok());
    EXPECT_TRUE(wire.answer().is_complete);
    EXPECT_TRUE(wire.codec.can_open());
  }
  Wire wire;
  wire.get("HEAD");
  ASSERT_TRUE(wire.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").ok());
  EXPECT_TRUE(wire.answer().is_complete);
  EXPECT_EQ(wire.answer().head.content_length, 5u);
}

TEST(Http1ClientTest, CompletesABodyThatTheCloseDelimits) {
  Wire wire;
  wire.get();
  ASSERT_TRUE(wire.feed("HTTP/1.0 200 OK\r\n\r\nhello").ok());
  EXPECT_FALSE(wire.answer().is_complete);
  wire.codec.on_end_of_input();
  EXPECT_TRUE(wire.answer().is_complete);
  EXPECT_EQ(wire.answer().body, "hello");
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http1ClientTest, ResetsAnExchangeThatTheCloseCutsShort) {
  for (const std::string_view bytes :
       {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
    Wire wire;
    wire.get();
    ASSERT_TRUE(wire.feed(bytes).ok());
    wire.codec.on_end_of_input();
    EXPECT_TRUE(wire.answer().reset.has_value()) << bytes;
    EXPECT_TRUE(wire.answer().was_processed);
    EXPECT_TRUE(wire.codec.is_finished());
  }
}

TEST(Http1ClientTest, DoesNotReuseAConnectionThatThePeerWillClose) {
  for (const std::string_view head :
       {"HTTP/1.1 200 OK\r\nConnection: close\r\n", "HTTP/1.0 200 OK\r\n"}) {
    Wire wire;
    wire.get();
    ASSERT_TRUE(wire.feed(std::string(head) + "Content-Length: 0\r\n\r\n").ok());
    EXPECT_TRUE(wire.answer().is_complete);
    EXPECT_FALSE(wire.codec.can_open());
    EXPECT_TRUE(wire.codec.is_finished());
  }
}

TEST(Http1ClientTest, RefusesBytesThatNoRequestAskedFor) {
  Wire idle;
  EXPECT_FALSE(idle.feed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").ok());
  EXPECT_FALSE(idle.codec.can_open());

  Wire poisoned;
  poisoned.get();
  bool could_open = true;
  poisoned.events.after_complete = [&](StreamId) { could_open = poisoned.codec.can_open(); };
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  EXPECT_TRUE(poisoned.feed(answer + answer).ok());
  EXPECT_FALSE(could_open);
  EXPECT_EQ(poisoned.events.answers.size(), 1u);
}

TEST(Http1ClientTest, DoesNotReuseAConnectionWhoseRequestWasNotReadToItsEnd) {
  Wire wire;
  RequestHead head;
  head.method = "POST";
  head.target = "/";
  head.authority = "a";
  head.has_body = true;
  head.content_length = 100;
  wire.codec.open(head);
  ASSERT_TRUE(wire.feed("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n").ok());
  EXPECT_TRUE(wire.answer().is_complete);
  EXPECT_FALSE(wire.codec.can_open());
}

TEST(Http1ClientTest, FinishesTheConnectionWithAReset) {
  Wire wire;
  const StreamId id = wire.get();
  wire.codec.reset(id, ResetReason::kCancelled);
  EXPECT_TRUE(wire.codec.is_finished());
  EXPECT_TRUE(wire.feed("HTTP/1.1 200 OK\r\n\r\n").ok());
  EXPECT_TRUE(wire.events.answers.empty());
}

TEST(Http1ClientTest, RefusesAnswersThatTwoReadersCouldReadDifferently) {
  for (const std::string_view bytes : {
           "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
           "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc",
           "HTTP/1.1 200 OK\r\nContent-Length: 0x3\r\n\r\nabc",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
           "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
           "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
           "HTTP/1.1 200 O\rK\r\n\r\n",
           "HTTP/1.1 20 OK\r\n\r\n",
           "HTTP/1.1 2000 OK\r\n\r\n",
           "HTTP/1.1 099 OK\r\n\r\n",
           "HTTP/2.0 200 OK\r\n\r\n",
           "ICY 200 OK\r\n\r\n",
           "\r\nHTTP/1.1 200 OK\r\n\r\n",
           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n",
       }) {
    Wire wire;
    const StreamId id = wire.get();
    EXPECT_FALSE(wire.feed(bytes).ok()) << bytes;
    EXPECT_EQ(wire.events.answers[id].reset, ResetReason::kProtocolError) << bytes;
    EXPECT_TRUE(wire.codec.is_finished()) << bytes;
  }
}

TEST(Http1ClientTest, BoundsTheHeadOfAnAnswer) {
  CodecLimits limits;
  limits.header_bytes = 100;
  Wire wire(limits);
  wire.get();
  EXPECT_FALSE(wire.feed("HTTP/1.1 200 OK\r\nX: " + std::string(200, 'x')).ok());
}

TEST(Http1ClientTest, BoundsTheInformationalAnswers) {
  Wire wire;
  wire.get();
  std::string bytes;
  for (int i = 0; i < 17; ++i) bytes += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_FALSE(wire.feed(bytes).ok());
}

TEST(Http1ClientTest, OpensTheNextRequestFromWithinTheCompletion) {
  Wire wire;
  wire.get();
  int opened = 0;
  wire.events.after_complete = [&](StreamId) {
    if (wire.codec.can_open() && opened++ == 0) wire.get();
  };
  ASSERT_TRUE(wire.feed("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na").ok());
  ASSERT_TRUE(wire.feed("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb").ok());
  EXPECT_EQ(wire.events.answers[2].body, "b");
}

}  // namespace
}  // namespace omni
