#include "source/llm/openai/answer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <string>

namespace omni::llm::openai {
namespace {

using Frame = StreamWatch::Frame;

std::string event(std::string_view data) { return fmt::format("data: {}\n\n", data); }
std::string delta(std::string_view inner, int index = 0, std::string_view finish = "null") {
  return event(
      fmt::format(R"({{"id":"x","choices":[{{"index":{},"delta":{},"finish_reason":{}}}]}})", index,
                  inner, finish));
}

TEST(OpenaiAnswerTest, ASuccessHasChoicesAndItsUsageIsRead) {
  Usage usage;
  ASSERT_TRUE(read_answer(R"({"choices":[{}],"usage":{"prompt_tokens":10,"completion_tokens":5,
      "prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},
      "completion_tokens_details":{"reasoning_tokens":3},"total_tokens":15}})",
                          usage)
                  .ok());
  EXPECT_EQ(usage.input, 10);
  EXPECT_EQ(usage.output, 5);
  EXPECT_EQ(usage.cached, 4);
  EXPECT_EQ(usage.reasoning, 3);
  EXPECT_TRUE(usage.is_known());
}

TEST(OpenaiAnswerTest, WhatWasWrittenToACacheIsReadUnderEitherName) {
  for (const std::string_view name : {"cache_write_tokens", "cache_creation_tokens"}) {
    Usage usage;
    ASSERT_TRUE(read_answer(fmt::format(R"({{"choices":[{{}}],"usage":{{"prompt_tokens":10,
        "prompt_tokens_details":{{"cached_tokens":4,"{}":6}}}}}})",
                                        name),
                            usage)
                    .ok());
    EXPECT_EQ(usage.cached, 4);
    EXPECT_EQ(usage.cache_write, 6) << name;
  }
}

TEST(OpenaiAnswerTest, OtherDocumentsAreNoSuccess) {
  for (const std::string_view body :
       {R"({"error":{"message":"no"}})", R"({})", R"({"choices":null})", R"({"choices":{}})", "[]",
        "", "<html>", R"({"choices":[)", R"({"choices":[]} trailing)"}) {
    Usage usage;
    EXPECT_FALSE(read_answer(body, usage).ok()) << body;
    EXPECT_FALSE(usage.is_known());
  }
  Usage usage;
  EXPECT_TRUE(read_answer(R"({"error":null,"choices":[],"usage":null})", usage).ok());
  EXPECT_TRUE(read_answer(R"({"choices":[],"usage":{"prompt_tokens":null}})", usage).ok());
}

TEST(StreamWatchTest, TellsFramesApart) {
  const struct {
    std::string frame;
    Frame found;
  } cases[] = {
      {": keep-alive\n\n", Frame::kEmpty},
      {"event: ping\n\n", Frame::kEmpty},
      {delta(R"({"role":"assistant","content":""})"), Frame::kEmpty},
      {delta(R"({"role":"assistant","content":null,"refusal":null})"), Frame::kEmpty},
      {delta("{}"), Frame::kEmpty},
      {delta(R"({"content":"x"})"), Frame::kContent},
      {delta(R"({"reasoning_content":"x"})"), Frame::kContent},
      {delta(R"({"refusal":"no"})"), Frame::kContent},
      {delta(R"({"tool_calls":[{"index":0}]})"), Frame::kContent},
      {delta(R"({"tool_calls":[ ]})"), Frame::kEmpty},
      {delta(R"({"function_call":{"name":"f"}})"), Frame::kContent},
      {event(R"({"choices":[{"text":"legacy","index":0}]})"), Frame::kContent},
      {delta("{}", 0, "\"stop\""), Frame::kFinish},
      {delta(R"({"content":"x"})", 0, "\"stop\""), Frame::kContent},
      {event(R"({"choices":[],"usage":{"prompt_tokens":1}})"), Frame::kUsageOnly},
      {event(R"({"choices":[],"usage":null})"), Frame::kEmpty},
      {event("[DONE]"), Frame::kDone},
      {"data:[DONE]\r\n\r\n", Frame::kDone},
      {event(R"({"error":{"message":"no"}})"), Frame::kError},
      {event(R"({"error":null,"choices":[]})"), Frame::kEmpty},
      {event("not json"), Frame::kGarbage},
      {event(R"({"choices":[{"delta":{"content":"x")"), Frame::kGarbage},
      {event("[1]"), Frame::kGarbage},
      {delta(R"({"content":""})"), Frame::kEmpty},
      {delta(R"({"content":"\"delta\":{\"content\":\"x\""})"), Frame::kContent},
      {delta(R"({"role":"assistant","content":"","reasoning":"x"})"), Frame::kContent},
      {"data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"x\"}}]}\n\n", Frame::kContent},
  };
  for (const auto& [frame, found] : cases) {
    StreamWatch watch(1);
    EXPECT_EQ(static_cast<int>(watch.see(frame)), static_cast<int>(found)) << frame;
    // A quick look says what parsing says.
    StreamWatch parses(1);
    EXPECT_EQ(static_cast<int>(parses.see_last(frame)), static_cast<int>(found)) << frame;
  }
}

TEST(StreamWatchTest, TheTierIsReadFromAnyChunk) {
  StreamWatch watch(1);
  watch.see(event(
      R"({"service_tier":"flex","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]})"));
  EXPECT_EQ(watch.usage().tier, ServiceTier::kFlex);
}

TEST(StreamWatchTest, CompleteMeansDoneOrAFinishForEveryChoice) {
  StreamWatch two(2);
  two.see(delta(R"({"content":"x"})", 0));
  two.see(delta("{}", 0, "\"stop\""));
  two.see(delta("{}", 0, "\"stop\""));
  EXPECT_FALSE(two.is_complete()) << "choice 1 has not finished";
  two.see(delta("{}", 1, "\"length\""));
  EXPECT_TRUE(two.is_complete());

  StreamWatch done(3);
  done.see(event("[DONE]"));
  EXPECT_TRUE(done.is_complete());

  StreamWatch one(1);
  one.see(event(R"({"choices":[{"index":0,"finish_reason":"stop"}],"x":)"));
  EXPECT_FALSE(one.is_complete()) << "an event that breaks off finishes nothing";
  EXPECT_FALSE(StreamWatch(1).is_complete());
}

TEST(StreamWatchTest, UsageIsReadFromTheLastChunkOrAFinishingOne) {
  StreamWatch watch(1);
  watch.see(delta(R"({"content":"x"})"));
  watch.see(event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],)"
                  R"("usage":{"prompt_tokens":3,"completion_tokens":4}})"));
  EXPECT_EQ(watch.usage().input, 3);
  EXPECT_TRUE(watch.is_complete());
  EXPECT_EQ(watch.see(event(R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":6}})")),
            Frame::kUsageOnly);
  EXPECT_EQ(watch.usage().output, 6);
}

TEST(StreamWatchTest, AnErrorAfterContentIsStillOne) {
  StreamWatch watch(1);
  watch.see(delta(R"({"content":"x"})"));
  EXPECT_EQ(watch.see(event(R"({"error":{"message":"late"}})")), Frame::kError);
  EXPECT_EQ(watch.error(), R"({"error":{"message":"late"}})");
  EXPECT_FALSE(watch.is_complete());
}

// A client's text may hold anything: it must not look like the end, nor hide it.
TEST(StreamWatchTest, TheShortWayAgreesWithTheLongOne) {
  std::mt19937 random(9);
  const std::string_view texts[] = {"word",
                                    R"(\"finish_reason\":null}]}\n\n)",
                                    R"(\"usage\":{\"prompt_tokens\":9})",
                                    R"([DONE])",
                                    R"(\"error\":{})",
                                    R"(\"finish_reason\":\"stop\")",
                                    R"(}]}\n\n)",
                                    R"(\u00e9\\)"};
  for (int round = 0; round < 3000; ++round) {
    // The second watch gets the same events with blanks that keep it off the short way.
    StreamWatch fast(1), slow(1);
    for (StreamWatch* watch : {&fast, &slow}) watch->see(delta(R"({"content":"first"})"));
    for (int i = 0; i < 8; ++i) {
      const std::string text(texts[random() % std::size(texts)]);
      const std::string content = fmt::format(R"({{"content":"{}"}})", text);
      const std::string finish = random() % 6 == 0 ? "\"stop\"" : "null";
      std::string usage = random() % 5 == 0 ? R"(,"usage":null)" : "";
      if (random() % 7 == 0) usage = R"(,"usage":{"prompt_tokens":7,"completion_tokens":1})";
      const bool is_last = random() % 9 == 0;
      const std::string plain =
          is_last ? event(R"({"choices":[])" + usage + "}")
                  : event(fmt::format(
                        R"({{"choices":[{{"index":0,"delta":{},"finish_reason":{}}}]{}}})", content,
                        finish, usage));
      std::string spaced = plain;
      spaced.insert(spaced.size() - 2, " ");
      const Frame a = fast.see(plain), b = slow.see(spaced);
      ASSERT_EQ(a == Frame::kUsageOnly, b == Frame::kUsageOnly) << plain;
      ASSERT_EQ(a == Frame::kError, b == Frame::kError) << plain;
      ASSERT_EQ(fast.is_complete(), slow.is_complete()) << plain;
      ASSERT_EQ(fast.usage().input, slow.usage().input) << plain;
    }
  }
}

}  // namespace
}  // namespace omni::llm::openai
