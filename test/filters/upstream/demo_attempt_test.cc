#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "source/llm/openai/answer.h"
#include "source/sse/framer.h"
#include "test/filters/upstream/upstream_fixture.h"
#include "test/support/json.h"

namespace omni::filters {
namespace {

using test::Try;
using testing::HasSubstr;

// The text that a client would put together from a stream.
std::string text_of(const std::string& stream) {
  std::string out, joined;
  sse::Framer framer(1 << 20);
  Buffer in(stream), kept;
  framer.feed(
      in,
      [&](std::string_view frame) {
        const sse::Event event = sse::parse_frame(frame, joined);
        if (event.data == "[DONE]") return true;
        const auto chunk = test::parse_json(event.data);
        for (const auto& choice : chunk["choices"]) out += choice["delta"].value("content", "");
        return true;
      },
      kept);
  return out;
}

TEST(DemoTest, EchoRepeatsTheLastUserMessage) {
  Try demo("", "echo", true);
  const auto answer = test::parse_json(demo.sink().body);
  EXPECT_EQ(answer["choices"][0]["message"]["content"], "Say this  back");
  EXPECT_EQ(answer["model"], "echo");
  EXPECT_TRUE(demo.sink().is_complete());
  EXPECT_EQ(demo.pools().count(), 0u);
  EXPECT_EQ(demo.facts().answer.usage.output, answer["usage"]["completion_tokens"]);
  EXPECT_EQ(demo.sink().head->content_length, demo.sink().body.size());
}

TEST(DemoTest, EchoStreamsTheSameText) {
  Try demo(R"(,"stream":true)", "echo", true);
  EXPECT_EQ(text_of(demo.sink().body), "Say this  back");
  EXPECT_THAT(demo.sink().body, testing::EndsWith("data: [DONE]\n\n"));
  EXPECT_THAT(demo.sink().body, testing::Not(HasSubstr("usage")));
  EXPECT_EQ(demo.sink().head->headers.value("content-type"), "text/event-stream; charset=utf-8");
}

TEST(DemoTest, UsageIsStreamedToWhoeverAsks) {
  Try demo(R"(,"stream":true,"stream_options":{"include_usage":true})", "echo", true);
  EXPECT_THAT(demo.sink().body, HasSubstr(R"("choices":[],"usage":{"prompt_tokens":)"));
}

TEST(DemoTest, LoremComesAtItsPace) {
  Try demo(R"(,"stream":true)", "lorem", true);
  const size_t at_first = demo.sink().body.size();
  EXPECT_GT(at_first, 0u);
  EXPECT_FALSE(demo.sink().is_complete());
  demo.harness.exchange.loop().advance(absl::Milliseconds(40));
  EXPECT_GT(demo.sink().body.size(), at_first);
  demo.harness.exchange.loop().advance(absl::Seconds(30));
  EXPECT_TRUE(demo.sink().is_complete());
  EXPECT_THAT(text_of(demo.sink().body), testing::EndsWith("nulla pariatur."));
}

TEST(DemoTest, AFullClientHoldsTheDemo) {
  Try demo(R"(,"stream":true)", "lorem", true);
  demo.harness.chain().response_pressure(true);
  demo.harness.exchange.loop().advance(absl::Seconds(1));
  const size_t held = demo.sink().body.size();
  demo.harness.exchange.loop().advance(absl::Seconds(30));
  EXPECT_EQ(demo.sink().body.size(), held);
  demo.harness.chain().response_pressure(false);
  demo.harness.exchange.loop().advance(absl::Seconds(30));
  EXPECT_TRUE(demo.sink().is_complete());
}

TEST(DemoTest, AClientThatLeavesStopsTheDemo) {
  Try demo(R"(,"stream":true)", "lorem", true);
  demo.harness.end();
  demo.harness.exchange.loop().advance(absl::Seconds(30));
  EXPECT_EQ(demo.harness.exchange.loop().armed_timers(), 0u);
}

}  // namespace
}  // namespace omni::filters
