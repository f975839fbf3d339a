#include "source/http/http2/client_codec.h"

#include <gtest/gtest.h>

#include <string>

#include "test/source/http/http2/raw_frames.h"
#include "test/support/codec_recorder.h"
#include "test/support/fake_clock.h"

namespace omni {
namespace {

using namespace test;  // NOLINT: the frames are the language of this file.

struct Wire {
  explicit Wire(const CodecLimits& limits = {}) : codec(events, limits, clock) {}

  absl::Status feed(std::string_view bytes) {
    Buffer in(bytes);
    return codec.feed(in);
  }
  std::string drain() {
    Buffer out;
    codec.drain(out);
    return out.to_string();
  }
  StreamId get(bool has_body = false) {
    RequestHead head;
    head.method = has_body ? "POST" : "GET";
    head.target = "/";
    head.authority = "a";
    head.has_body = has_body;
    const StreamId id = codec.open(head);
    if (!has_body) codec.send_complete(id);
    return id;
  }
  const Recorded<ResponseHead>& answer(StreamId id) { return events.answers[id]; }

  FakeClock clock;
  ClientRecorder events;
  Http2ClientCodec codec;
};

std::string settings(std::string_view payload = "") { return frame(4, 0, 0, payload); }
std::string max_streams(uint32_t count) { return settings(std::string("\0\3", 2) + number(count)); }
std::string ok_head(uint32_t id, bool end = false) {
  return headers(id, {{":status", "200"}}, end);
}

TEST(Http2ClientTest, SendsThePrefaceAndRefusesPush) {
  Wire wire;
  const std::string out = wire.drain();
  EXPECT_EQ(out.substr(0, 24), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const std::vector<Frame> frames = parse_frames(std::string_view(out).substr(24));
  EXPECT_EQ(frames[0].type, 4);
  EXPECT_EQ(frames[0].payload.substr(0, 6), std::string("\0\2\0\0\0\0", 6));
}

TEST(Http2ClientTest, ReadsAnAnswerAndSwallowsInformationalOnes) {
  Wire wire;
  const StreamId id = wire.get();
  wire.drain();
  ASSERT_TRUE(wire.feed(settings() + headers(1, {{":status", "103"}, {"link", "x"}}, false) +
                        headers(1, {{":status", "200"}, {"x-a", "b"}}, false) + data(1, "hel") +
                        data(1, "lo") + headers(1, {{"x-trailer", "1"}}))
                  .ok());
  EXPECT_EQ(wire.answer(id).head.status, 200);
  EXPECT_EQ(wire.answer(id).head.headers.size(), 1u);
  EXPECT_EQ(wire.answer(id).body, "hello");
  EXPECT_TRUE(wire.answer(id).is_complete);
  EXPECT_EQ(wire.codec.active(), 0u);
}

TEST(Http2ClientTest, OpensNoMoreStreamsThanThePeerAllows) {
  Wire wire;
  ASSERT_TRUE(wire.feed(max_streams(2)).ok());
  wire.get();
  EXPECT_TRUE(wire.codec.can_open());
  wire.get();
  EXPECT_FALSE(wire.codec.can_open());
  wire.drain();
  ASSERT_TRUE(wire.feed(ok_head(1, true)).ok());
  EXPECT_TRUE(wire.codec.can_open());
}

TEST(Http2ClientTest, OpensAtMostAHundredBeforeThePeersSettings) {
  Wire wire;
  int opened = 0;
  for (; opened < 200 && wire.codec.can_open(); ++opened) wire.get();
  EXPECT_EQ(opened, 100);
}

TEST(Http2ClientTest, SaysThatARefusedStreamWasNotProcessed) {
  Wire wire;
  const StreamId id = wire.get();
  wire.drain();
  ASSERT_TRUE(wire.feed(settings() + rst(1, NGHTTP2_REFUSED_STREAM)).ok());
  EXPECT_EQ(wire.answer(id).reset, ResetReason::kRefused);
  EXPECT_FALSE(wire.answer(id).was_processed);
  EXPECT_TRUE(wire.codec.can_open());
}

TEST(Http2ClientTest, SaysThatAResetStreamMayHaveBeenProcessed) {
  Wire wire;
  const StreamId id = wire.get();
  wire.drain();
  ASSERT_TRUE(
      wire.feed(settings() + ok_head(1) + data(1, "x") + rst(1, NGHTTP2_INTERNAL_ERROR)).ok());
  EXPECT_EQ(wire.answer(id).reset, ResetReason::kInternal);
  EXPECT_TRUE(wire.answer(id).was_processed);
}

TEST(Http2ClientTest, TellsStreamsAboveTheGoawaysIdFromThoseBelow) {
  Wire wire;
  const StreamId first = wire.get();
  const StreamId second = wire.get();
  wire.drain();
  const StreamId unsent = wire.get();
  ASSERT_TRUE(wire.feed(settings() + frame(7, 0, 0, number(1) + number(0))).ok());
  EXPECT_FALSE(wire.answer(first).is_over());
  EXPECT_TRUE(wire.answer(second).reset.has_value());
  EXPECT_FALSE(wire.answer(second).was_processed);
  EXPECT_TRUE(wire.answer(unsent).reset.has_value());
  EXPECT_FALSE(wire.answer(unsent).was_processed);
  EXPECT_FALSE(wire.codec.can_open());
  EXPECT_FALSE(wire.codec.is_finished());
  wire.drain();
  ASSERT_TRUE(wire.feed(ok_head(1, true)).ok());
  EXPECT_TRUE(wire.answer(first).is_complete);
  wire.drain();
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http2ClientTest, ResetsEverythingAtTheEndOfInput) {
  Wire wire;
  const StreamId first = wire.get();
  const StreamId second = wire.get();
  wire.drain();
  wire.codec.on_end_of_input();
  EXPECT_TRUE(wire.answer(first).reset.has_value());
  EXPECT_TRUE(wire.answer(second).was_processed);
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http2ClientTest, ResetsEverythingWhenThePeerBreaksTheProtocol) {
  Wire wire;
  const StreamId id = wire.get();
  wire.drain();
  EXPECT_FALSE(wire.feed(settings() + frame(0, 0, 0, "data on stream 0")).ok());
  EXPECT_TRUE(wire.answer(id).reset.has_value());
  EXPECT_TRUE(wire.codec.is_finished());
}

TEST(Http2ClientTest, RefusesMalformedAnswers) {
  const Fields shapes[] = {
      {{"x-a", "b"}},
      {{":status", "2000"}},
      {{":status", "abc"}},
      {{":status", "200"}, {":status", "200"}},
      {{":status", "200"}, {"connection", "close"}},
      {{":status", "200"}, {"transfer-encoding", "chunked"}},
      {{":status", "200"}, {":path", "/"}},
      {{":status", "101"}},
      {{":status", "074"}},
  };
  for (const Fields& fields : shapes) {
    Wire wire;
    const StreamId id = wire.get();
    wire.drain();
    (void)wire.feed(settings() + headers(1, fields));
    EXPECT_TRUE(wire.answer(id).reset.has_value()) << testing::PrintToString(fields);
  }
}

TEST(Http2ClientTest, ResetsAnAnswerThatDiffersFromItsAnnouncedLength) {
  Wire wire;
  const StreamId id = wire.get();
  wire.drain();
  ASSERT_TRUE(wire.feed(settings() +
                        headers(1, {{":status", "200"}, {"content-length", "5"}}, false) +
                        data(1, "abc", true))
                  .ok());
  EXPECT_EQ(wire.answer(id).reset, ResetReason::kProtocolError);
}

TEST(Http2ClientTest, BoundsTheHeadOfAnAnswer) {
  CodecLimits limits;
  limits.header_bytes = 1000;
  Wire wire(limits);
  const StreamId id = wire.get();
  wire.drain();
  ASSERT_TRUE(
      wire.feed(settings() + headers(1, {{":status", "200"}, {"x", std::string(1000, 'x')}})).ok());
  EXPECT_EQ(wire.answer(id).reset, ResetReason::kProtocolError);
}

TEST(Http2ClientTest, StopsSendingWhenTheAnswerIsComplete) {
  Wire wire;
  const StreamId id = wire.get(true);
  wire.codec.send_body(id, Buffer("part"));
  wire.drain();
  ASSERT_TRUE(wire.feed(settings() + ok_head(1, true)).ok());
  EXPECT_TRUE(wire.answer(id).is_complete);
  bool was_reset = false;
  for (const Frame& frame : parse_frames(wire.drain())) was_reset |= frame.type == 3;
  EXPECT_TRUE(was_reset);
  EXPECT_EQ(wire.codec.active(), 0u);
}

TEST(Http2ClientTest, CancelsARequestThatWasNotSentYet) {
  Wire wire;
  const StreamId id = wire.get();
  wire.codec.reset(id, ResetReason::kCancelled);
  wire.drain();
  EXPECT_EQ(wire.codec.active(), 0u);
  EXPECT_TRUE(wire.events.answers.empty());
}

TEST(Http2ClientTest, ReopensTheWindowByWhatWasConsumed) {
  CodecLimits limits;
  limits.stream_window_bytes = 65535;
  Wire wire(limits);
  const StreamId id = wire.get();
  wire.drain();
  ASSERT_TRUE(wire.feed(settings() + frame(4, kAck, 0, "") + ok_head(1)).ok());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(wire.feed(data(1, std::string(16000, 'x'))).ok());
  wire.drain();
  wire.codec.consumed(id, 64000);
  uint32_t reopened = 0;
  for (const Frame& frame : parse_frames(wire.drain()))
    if (frame.type == 8 && frame.stream == 1) reopened += frame.word(0);
  EXPECT_EQ(reopened, 64000u);
}

TEST(Http2ClientTest, FailsARequestShorterThanAnnounced) {
  Wire wire;
  RequestHead head;
  head.method = "POST";
  head.target = "/";
  head.authority = "a";
  head.content_length = 10;
  head.has_body = true;
  const StreamId id = wire.codec.open(head);
  wire.codec.send_body(id, Buffer("short"));
  wire.codec.send_complete(id);
  wire.drain();
  ASSERT_TRUE(wire.feed(settings()).ok());
  EXPECT_TRUE(wire.answer(id).reset.has_value());
  EXPECT_EQ(wire.codec.active(), 0u);
}

}  // namespace
}  // namespace omni
