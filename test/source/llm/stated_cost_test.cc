// What answers of every dialect say of their tier and their cost, whole and streamed.
#include "source/llm/stated_cost.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "source/llm/answer_reader.h"
#include "source/llm/openai/answer.h"

namespace omni::llm {
namespace {

constexpr size_t kMostEventBytes = 1 << 20;

Usage usage_of_whole(Dialect dialect, std::string_view body) {
  AnswerReader reader(dialect, {}, kMostEventBytes);
  Usage usage;
  const absl::Status status = reader.whole(body, [&](const Event& event) {
    if (event.kind == Event::Kind::kUsage) usage = *event.usage;
  });
  EXPECT_TRUE(status.ok()) << body;
  return usage;
}

Usage usage_of_stream(Dialect dialect, std::string_view text) {
  AnswerReader reader(dialect, {}, kMostEventBytes);
  Usage usage;
  const auto emit = [&](const Event& event) {
    if (event.kind == Event::Kind::kUsage) usage = *event.usage;
  };
  EXPECT_TRUE(reader.feed(Buffer(text), emit).ok()) << text;
  EXPECT_TRUE(reader.finish(emit).ok()) << text;
  return usage;
}

TEST(StatedCostTest, AChatSaysItsTierAndWhatXaiTakes) {
  const Usage usage = usage_of_whole(Dialect::kOpenai, R"({"choices":[{"index":0,
      "message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],
      "usage":{"prompt_tokens":9,"completion_tokens":3,"cost_in_usd_ticks":318319005,
      "prompt_tokens_details":{"audio_tokens":4},"completion_tokens_details":{"audio_tokens":2}},
      "service_tier":"priority"})");
  EXPECT_EQ(usage.tier, ServiceTier::kPriority);
  EXPECT_EQ(usage.cost_nanos, 31'831'901) << "rounded once";
  EXPECT_EQ(usage.audio_input, 4);
  EXPECT_EQ(usage.audio_output, 2);
}

TEST(StatedCostTest, AStreamedChatSaysThemToo) {
  const std::string stream =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":null}],"
      "\"service_tier\":\"priority\"}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],"
      "\"service_tier\":\"default\"}\n\n"
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3,"
      "\"cost_in_usd_ticks\":20}}\n\n"
      "data: [DONE]\n\n";
  const Usage usage = usage_of_stream(Dialect::kOpenai, stream);
  EXPECT_EQ(usage.tier, ServiceTier::kStandard) << "what was said last counts";
  EXPECT_EQ(usage.cost_nanos, 2);
  openai::StreamWatch watch(1);
  for (size_t at = 0; at < stream.size();) {
    const size_t end = stream.find("\n\n", at) + 2;
    watch.see(std::string_view(stream).substr(at, end - at));
    at = end;
  }
  EXPECT_EQ(watch.usage().tier, ServiceTier::kStandard);
  EXPECT_EQ(watch.usage().cost_nanos, 2);
}

TEST(StatedCostTest, AResponseSaysThemWholeAndStreamed) {
  const std::string response =
      R"("id":"resp_1","object":"response","status":"completed","service_tier":"flex","output":[
      {"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"hi"}]}],
      "usage":{"input_tokens":9,"output_tokens":3,"cost_in_usd_ticks":12340})";
  const std::string lines = "{" + response + "}";
  const Usage whole = usage_of_whole(Dialect::kOpenaiResponses, lines);
  EXPECT_EQ(whole.tier, ServiceTier::kFlex);
  EXPECT_EQ(whole.cost_nanos, 1234);
  std::string flat = lines;
  std::erase(flat, '\n');
  const Usage streamed = usage_of_stream(
      Dialect::kOpenaiResponses,
      "event: response.created\ndata: "
      "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\","
      "\"status\":\"in_progress\",\"service_tier\":\"auto\",\"output\":[]}}\n\n"
      "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":" +
          flat + "}\n\n");
  EXPECT_EQ(streamed.tier, ServiceTier::kFlex);
  EXPECT_EQ(streamed.cost_nanos, 1234);
}

TEST(StatedCostTest, AMessageSaysItsTierWholeAndStreamed) {
  const Usage whole = usage_of_whole(Dialect::kAnthropic, R"({"id":"msg_1","type":"message",
      "role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn",
      "usage":{"input_tokens":9,"output_tokens":3,"service_tier":"priority"}})");
  EXPECT_EQ(whole.tier, ServiceTier::kPriority);
  const Usage streamed = usage_of_stream(
      Dialect::kAnthropic,
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
      "\"content\":[],\"usage\":{\"input_tokens\":9,\"output_tokens\":1,\"service_tier\":\"batch\"}"
      "}}\n\n"
      "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
      "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
      "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
      "\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n"
      "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
      "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
      "\"end_turn\"},\"usage\":{\"output_tokens\":3}}\n\n"
      "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
  EXPECT_EQ(streamed.tier, ServiceTier::kBatch);
  EXPECT_EQ(streamed.output, 3);
}

TEST(StatedCostTest, GooglesModelsSayTheirTierInEitherWord) {
  const struct {
    std::string_view member;
    ServiceTier tier;
  } rows[] = {{R"("serviceTier":"priority")", ServiceTier::kPriority},
              {R"("trafficType":"ON_DEMAND_FLEX")", ServiceTier::kFlex},
              {R"("trafficType":"ON_DEMAND")", ServiceTier::kStandard}};
  for (const auto& row : rows) {
    const std::string body =
        R"({"candidates":[{"content":{"role":"model","parts":[{"text":"hi"}]},"finishReason":"STOP"}],)"
        R"("usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":3,)" +
        std::string(row.member) + "}}";
    EXPECT_EQ(usage_of_whole(Dialect::kGemini, body).tier, row.tier) << row.member;
    EXPECT_EQ(usage_of_stream(Dialect::kGemini, "data: " + body + "\n\n").tier, row.tier);
  }
}

TEST(StatedCostTest, WhatCannotBeACostOrATierIsPassedOver) {
  for (const std::string_view value :
       {"-1", "1.5", "1e300", "null", "\"3\"", "{}", "99999999999999999999"}) {
    Usage usage;
    const std::string body = R"({"choices":[{}],"service_tier":null,"usage":{"prompt_tokens":9,)"
                             R"("completion_tokens":3,"cost_in_usd_ticks":)" +
                             std::string(value) + "}}";
    ASSERT_TRUE(openai::read_answer(body, usage).ok()) << value;
    EXPECT_EQ(usage.cost_nanos, -1) << value;
    EXPECT_EQ(usage.tier, ServiceTier::kUnsaid);
    EXPECT_EQ(usage.output, 3);
  }
}

}  // namespace
}  // namespace omni::llm
