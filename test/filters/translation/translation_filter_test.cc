#include "filters/translation/translation_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/support/chain_harness.h"

namespace omni::filters {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A stream as OpenAI sends it.
const std::string kRole =
    R"(data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})"
    "\n\n";
const std::string kOne =
    R"(data: {"choices":[{"index":0,"delta":{"content":"one "},"finish_reason":null}]})"
    "\n\n";
const std::string kTwo =
    R"(data: {"choices":[{"index":0,"delta":{"content":"\u20ac\ndata: x"},"finish_reason":null}]})"
    "\n\n";
const std::string kFinish = R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
                            "\n\n";
const std::string kUsage =
    R"(data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":22}})"
    "\n\n";
const std::string kDone = "data: [DONE]\n\n";

// The filter in a chain, with the test in the place of the upstream.
struct Stream {
  explicit Stream(bool hide = false, std::string_view body = R"({"model":"m","stream":true})",
                  Answer found = {}, std::string_view progress = "") {
    harness.exchange.request().headers.set("x-omniroute-progress", progress);
    source.name = "up";
    source.request_headers = [this](FilterContext& context) {
      upstream = &context;
      return Next::kContinue;
    };
    harness.add(test::make_template_of<TranslationFilter>({})).add(source);
    harness.exchange.read_chat(body);
    harness.send(body);
    Answer& answer = harness.exchange.facts().answer;
    answer = std::move(found);
    answer.source = Answer::Source::kUpstream;
    answer.is_stream = true;
    answer.hide_usage_chunk = hide;
    upstream->respond_headers({});
  }
  void put(std::string_view bytes) { upstream->respond_body(Buffer(bytes)); }
  void finish() { upstream->respond_complete(); }
  const std::string& out() { return harness.sink.body; }
  Facts& facts() { return harness.exchange.facts(); }

  test::Script source;
  test::ChainHarness harness;
  FilterContext* upstream = nullptr;
};

TEST(TranslationFilterTest, AStreamPassesThroughAsItIs) {
  Stream stream;
  const std::string text = ": hi\n\n" + kRole + kOne + kTwo + kFinish + kUsage + kDone;
  stream.put(text);
  stream.finish();
  EXPECT_EQ(stream.out(), text);
  EXPECT_TRUE(stream.harness.sink.is_complete());
  EXPECT_TRUE(stream.facts().stream_finished);
  EXPECT_EQ(stream.facts().usage.input, 11);
  EXPECT_EQ(stream.facts().usage.output, 22);
  EXPECT_FALSE(stream.facts().usage.estimated);
}

TEST(TranslationFilterTest, TheUsageChunkThatTheClientDidNotAskForIsHidden) {
  Stream stream(true);
  stream.put(kRole + kOne + kFinish + kUsage + kDone);
  stream.finish();
  EXPECT_EQ(stream.out(), kRole + kOne + kFinish + kDone);
  EXPECT_EQ(stream.facts().usage.output, 22) << "but counted";
}

TEST(TranslationFilterTest, WithoutUsageTokensAreEstimatedAndSaidToBe) {
  Stream stream;
  stream.put(kRole + kOne + kTwo + kFinish + kDone);
  stream.finish();
  EXPECT_TRUE(stream.facts().usage.estimated);
  EXPECT_EQ(stream.facts().usage.output, 4) << "a short piece is one token, a longer one has more";
  EXPECT_GE(stream.facts().usage.input, 1);
}

TEST(TranslationFilterTest, PiecesOfAnySizeComeToTheSameEstimate) {
  const auto chunk = [](const std::string& text) {
    return R"(data: {"choices":[{"index":0,"delta":{"content":")" + text +
           R"("},"finish_reason":null}]})" + "\n\n";
  };
  for (const size_t size : {4, 40, 400, 12000}) {
    Stream stream;
    stream.put(kRole);
    for (size_t sent = 0; sent < 12000; sent += size) stream.put(chunk(std::string(size, 'x')));
    stream.put(kFinish + kDone);
    stream.finish();
    const int64_t tokens = stream.facts().usage.output;
    EXPECT_TRUE(tokens > 2300 && tokens < 3100) << size << ": " << tokens;
  }
}

TEST(TranslationFilterTest, WhatWasReadBeforeTheCommitIsNotReadAgain) {
  Stream stream(false, R"({"model":"m","stream":true})",
                {.usage = {.input = 7}, .frames_before_content = 2});
  const std::string text = ": hi\n\n" + kRole + kOne + kTwo + kFinish + kDone;
  stream.put(text);
  stream.finish();
  EXPECT_EQ(stream.out(), text);
  EXPECT_TRUE(stream.facts().stream_finished);
  EXPECT_EQ(stream.facts().usage.input, 7);
}

TEST(TranslationFilterTest, DeltasAreCountedAsIfAllFramesHadBeenRead) {
  Stream stream(false, R"({"model":"m","stream":true})", {.frames_before_content = 1});
  stream.put(kRole + kOne + kTwo + kFinish + kDone);
  stream.finish();
  EXPECT_EQ(stream.facts().usage.output, 4) << "a short piece is one token, a longer one has more";
}

TEST(TranslationFilterTest, AStreamThatEndsEarlyEndsInAnError) {
  Stream stream;
  stream.put(kRole + kOne);
  stream.finish();
  EXPECT_THAT(stream.out(), StartsWith(kRole + kOne + "data: {\"error\":"));
  EXPECT_THAT(stream.out(), HasSubstr("upstream_stream_incomplete"));
  EXPECT_THAT(stream.out(), Not(HasSubstr("[DONE]")));
  EXPECT_FALSE(stream.facts().stream_finished);
  EXPECT_EQ(stream.facts().error_code, "upstream_stream_incomplete");
}

TEST(TranslationFilterTest, TheReasonOfABreakIsTold) {
  Stream stream;
  stream.put(kRole + kOne);
  stream.facts().answer.failure.make().code = "upstream_timeout";
  stream.facts().answer.failure.make().message = "Nothing came for 120 s.";
  stream.finish();
  EXPECT_THAT(stream.out(), HasSubstr("upstream_timeout"));
  EXPECT_THAT(stream.out(), HasSubstr("Nothing came for 120 s."));
}

TEST(TranslationFilterTest, ABreakAfterTheEndIsNoError) {
  Stream stream;
  stream.put(kRole + kOne + kFinish + kDone);
  stream.facts().answer.failure.make().code = "upstream_closed";
  stream.facts().answer.failure.make().message = "reset";
  stream.finish();
  EXPECT_EQ(stream.out(), kRole + kOne + kFinish + kDone);
  EXPECT_TRUE(stream.harness.sink.is_complete());
}

TEST(TranslationFilterTest, EverySplitGivesTheSameBytes) {
  for (const bool hide : {false, true}) {
    std::string text = kRole + kOne + ": c\r\n\r\n" + kTwo + kFinish + kUsage + kDone;
    Stream whole(hide);
    whole.put(text);
    whole.finish();
    for (size_t a = 0; a <= text.size(); ++a) {
      Stream split(hide);
      split.put(text.substr(0, a));
      split.put(text.substr(a));
      split.finish();
      ASSERT_EQ(split.out(), whole.out()) << a;
      ASSERT_EQ(split.facts().usage.input, 11) << a;
    }
    Stream bytes(hide);
    for (const char c : text) bytes.put(std::string_view(&c, 1));
    bytes.finish();
    EXPECT_EQ(bytes.out(), whole.out());
  }
}

// Wherever it breaks off before its end is said, the client gets whole events and then an error.
TEST(TranslationFilterTest, ACutStreamNeverLooksComplete) {
  const std::string text = kRole + kOne + kTwo + kFinish;
  const size_t whole_finish = text.size() - 2;  // The blank line may be missing.
  for (size_t cut = 0; cut < whole_finish; ++cut) {
    Stream stream;
    stream.put(text.substr(0, cut));
    stream.finish();
    ASSERT_FALSE(stream.facts().stream_finished) << cut;
    ASSERT_THAT(stream.out(), HasSubstr("upstream_stream_incomplete")) << cut;
    ASSERT_THAT(stream.out(), EndsWith("}}\n\n")) << cut;
    // Each event that reached the client is one a parser takes.
    llm::openai::StreamWatch watch(1);
    sse::Framer framer(1 << 20);
    Buffer in(stream.out()), kept;
    framer.feed(
        in,
        [&](std::string_view frame) {
          EXPECT_NE(watch.see_last(frame), llm::openai::StreamWatch::Frame::kGarbage)
              << "cut " << cut << ": " << frame;
          return true;
        },
        kept);
  }
  for (size_t cut = whole_finish; cut <= text.size(); ++cut) {
    Stream stream;
    stream.put(text.substr(0, cut));
    stream.finish();
    ASSERT_TRUE(stream.facts().stream_finished) << cut;
    ASSERT_EQ(stream.out(), text) << cut;
  }
}

TEST(TranslationFilterTest, TwoChoicesNeedTwoFinishes) {
  Stream stream(false, R"({"model":"m","stream":true,"n":2})");
  stream.put(kOne + kFinish);
  stream.finish();
  EXPECT_THAT(stream.out(), HasSubstr("upstream_stream_incomplete"));
}

TEST(TranslationFilterTest, AnEndlessEventEndsTheStream) {
  Stream stream;
  stream.put(kOne);
  const std::string piece(1 << 20, 'x');
  stream.put("data: ");
  for (int i = 0; i < 9; ++i) stream.put(piece);
  EXPECT_THAT(stream.out(), HasSubstr("upstream_event_too_large"));
  EXPECT_LT(stream.out().size(), 2000u);
}

TEST(TranslationFilterTest, LocalRepliesAreLeftAlone) {
  test::Script source{.name = "up"};
  source.request_complete = [](FilterContext& context) {
    context.reply({.status = 401, .code = "no", .message = "No."});
    return Next::kContinue;
  };
  test::ChainHarness harness;
  harness.add(test::make_template_of<TranslationFilter>({})).add(source);
  harness.send("");
  EXPECT_EQ(harness.sink.head->status, 401);
  EXPECT_FALSE(harness.exchange.facts().usage.is_known());
}

TEST(TranslationFilterTest, UsageOfAPlainAnswerIsTakenOver) {
  test::Script source{.name = "up"};
  source.request_complete = [](FilterContext& context) {
    Answer& answer = context.exchange().facts().answer;
    answer.source = Answer::Source::kUpstream;
    answer.usage = {.input = 3, .output = 4};
    context.respond_headers({});
    context.respond_body(Buffer("{}"));
    context.respond_complete();
    return Next::kContinue;
  };
  test::ChainHarness harness;
  harness.add(test::make_template_of<TranslationFilter>({})).add(source);
  harness.send("");
  EXPECT_EQ(harness.exchange.facts().usage.input, 3);
  EXPECT_EQ(harness.sink.body, "{}");
}

TEST(TranslationFilterTest, WhatWasDroppedIsNamedAndNothingBreaksOutOfTheHeader) {
  Stream stream(false, R"({"model":"m","stream":true})",
                {.dropped = {"seed", "a\r\nset-cookie: x", std::string(2000, 'y')}});
  EXPECT_EQ(stream.harness.sink.head->headers.value("x-omniroute-dropped"),
            "seed, a__set-cookie__x, ...");
}

TEST(TranslationFilterTest, NoErrorOfAnotherDialectRepeatsAKey) {
  Answer found;
  found.dialect = Dialect::kAnthropic;
  Stream stream(false, R"({"model":"m","stream":true})", std::move(found));
  stream.put(
      "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\","
      "\"message\":\"no such key: sk-ant-api03-abcdefghijklmnopqrstuvwxyz\"}}\n\n");
  stream.finish();
  EXPECT_THAT(stream.out(), HasSubstr("no such key: sk-"));
  EXPECT_THAT(stream.out(), Not(HasSubstr("abcdefghij")));
}

TEST(EarlyHeadTest, TheAnswerBeginsBehindTheComments) {
  Answer early;
  early.is_early = true;
  Stream stream(true, R"({"model":"m","stream":true})", std::move(early));
  EXPECT_EQ(stream.harness.sink.head->headers.value("content-type"),
            "text/event-stream; charset=utf-8");
  stream.put(": waiting\n\n");
  EXPECT_EQ(stream.out(), ": waiting\n\n");
  stream.facts().answer.is_committed = true;
  stream.put(kRole + kOne + kFinish + kUsage + kDone);
  stream.finish();
  EXPECT_EQ(stream.out(), ": waiting\n\n" + kRole + kOne + kFinish + kDone);
  EXPECT_EQ(stream.facts().usage.output, 22);
}

TEST(EarlyHeadTest, AnAnswerInAnotherFormIsWrittenBehindTheComments) {
  Answer early;
  early.is_early = true;
  Stream stream(false, R"({"model":"m","stream":true})", std::move(early));
  stream.put(": waiting\n\n");
  stream.facts().answer.is_committed = true;
  stream.facts().answer.is_stream = false;
  stream.put(R"({"id":"x","choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]})");
  stream.finish();
  EXPECT_THAT(stream.out(), StartsWith(": waiting\n\ndata: {\"id\":\"chatcmpl-x\""));
  EXPECT_THAT(stream.out(), HasSubstr(R"("content":"hi")"));
  EXPECT_THAT(stream.out(), EndsWith(kDone));
}

// Streams of a client that asks how far it is.
struct Watched : Stream {
  Watched() : Stream(false, R"({"model":"m","stream":true})", {}, "true") {}
  void wait(absl::Duration time) { harness.exchange.loop().advance(time); }
};

TEST(ProgressTest, ComesBetweenEventsAndBeforeTheEnd) {
  Watched stream;
  EXPECT_EQ(stream.harness.sink.head->headers.value("x-omniroute-progress"), "enabled");
  stream.put(kRole + kOne);
  stream.wait(absl::Milliseconds(2000));
  stream.put(kTwo + kFinish);
  stream.wait(absl::Milliseconds(500));
  stream.put(kDone);
  stream.finish();
  EXPECT_EQ(
      stream.out(),
      kRole + kOne + "event: progress\ndata: {\"tokens_generated\":2,\"elapsed_ms\":2000}\n\n" +
          kTwo + kFinish +
          "event: progress\ndata: {\"tokens_generated\":4,\"elapsed_ms\":2500,\"done\":true}\n\n" +
          kDone);
  stream.wait(absl::Seconds(10));
  EXPECT_THAT(stream.out(), EndsWith(kDone));
}

TEST(ProgressTest, AStreamThatBreaksIsNotSaidToBeDone) {
  Watched stream;
  stream.put(kRole + kOne);
  stream.finish();
  EXPECT_THAT(stream.out(), Not(HasSubstr("\"done\":true")));
  EXPECT_THAT(stream.out(), HasSubstr("upstream_stream_incomplete"));
}

}  // namespace
}  // namespace omni::filters
