#include "source/llm/losses.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using test::transcode_request;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr Dialect kChat = Dialect::kOpenai, kResponses = Dialect::kOpenaiResponses;
constexpr Dialect kMessages = Dialect::kAnthropic, kGemini = Dialect::kGemini;
constexpr Dialect kOllama = Dialect::kOllama;

std::string of_claude(Dialect to, std::string_view content, std::string_view more = "") {
  return transcode_request(
      kMessages, to,
      fmt::format(R"({{"max_tokens":9,"messages":[{{"role":"user","content":[{}]}}]{}}})", content,
                  more));
}

TEST(LossesTest, WhatASearchFoundIsTextToOthers) {
  const std::string_view found = R"({"type":"search_result","source":"https://example.com/a",
      "title":"Rivers","content":[{"type":"text","text":"The Rhine"},{"type":"text","text":"1233 km"}],
      "citations":{"enabled":true}})";
  const std::string talk = fmt::format(R"({{"max_tokens":9,"messages":[
      {{"role":"assistant","content":[{{"type":"tool_use","id":"t","name":"f","input":{{}}}}]}},
      {{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t","content":[{0}]}},{0}]}}]}})",
                                       found);
  const std::string_view text = R"([Rivers] https://example.com/a\nThe Rhine\n1233 km)";
  for (const Dialect to : {kChat, kResponses, kGemini, kOllama}) {
    const std::string out = transcode_request(kMessages, to, talk);
    const size_t first = out.find(text);
    ASSERT_NE(first, std::string::npos) << out;
    EXPECT_NE(out.find(text, first + 1), std::string::npos) << out;
    EXPECT_THAT(out, EndsWith("\nDROPPED citations"));
  }
  const std::string same = transcode_request(kMessages, kMessages, talk);
  EXPECT_THAT(same, HasSubstr(R"({"type":"search_result","source":"https://example.com/a")"));
  EXPECT_THAT(same, Not(HasSubstr("DROPPED")));
}

TEST(LossesTest, WhatNobodyElseKnowsInsideAResultIsNamed) {
  const std::string talk = R"({"max_tokens":9,"messages":[
      {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[
        {"type":"text","text":"a"},{"type":"container_upload","file_id":"f"}]}]}]})";
  for (const Dialect to : {kChat, kResponses, kGemini, kOllama})
    EXPECT_THAT(transcode_request(kMessages, to, talk), EndsWith("\nDROPPED content"));
  EXPECT_THAT(transcode_request(kMessages, kMessages, talk), HasSubstr("container_upload"));
}

TEST(LossesTest, TheNameOfASpeakerIsNamedWhereItIsLost) {
  const std::string body =
      R"({"max_tokens":9,"messages":[{"role":"user","name":"ann","content":"a"}]})";
  EXPECT_THAT(transcode_request(kChat, kMessages, body), EndsWith("\nDROPPED name"));
}

TEST(LossesTest, AnAnswerThatWasSpokenIsNamedWhereItIsLost) {
  const std::string body = R"({"max_tokens":9,"messages":[{"role":"user","content":"a"},
      {"role":"assistant","audio":{"id":"audio_1"}},{"role":"user","content":"b"}]})";
  for (const Dialect to : {kMessages, kGemini, kResponses})
    EXPECT_THAT(transcode_request(kChat, to, body), EndsWith("\nDROPPED audio"));
  EXPECT_THAT(transcode_request(kChat, kChat, body),
              HasSubstr(R"({"role":"assistant","content":null,"audio":{"id":"audio_1"}})"));
  const std::string null = R"({"max_tokens":9,"messages":[{"role":"user","content":"a"},
      {"role":"assistant","content":"b","audio":null},{"role":"user","content":"c"}]})";
  EXPECT_THAT(transcode_request(kChat, kGemini, null), Not(HasSubstr("DROPPED")));
}

TEST(LossesTest, WhatADocumentSaysOfItselfIsNamedWhereItIsLost) {
  const std::string_view document = R"({"type":"document","title":"a","context":"old",
      "source":{"type":"base64","media_type":"application/pdf","data":"AAAA"},
      "citations":{"enabled":true}})";
  for (const Dialect to : {kChat, kResponses})
    EXPECT_THAT(of_claude(to, document), EndsWith("\nDROPPED context, citations"));
  EXPECT_THAT(of_claude(kMessages, document), HasSubstr(R"("context":"old")"));
  const std::string_view text = R"({"type":"document","context":"old",
      "source":{"type":"text","media_type":"text/plain","data":"b"}})";
  EXPECT_THAT(of_claude(kChat, text), EndsWith("\nDROPPED context"));
  const std::string_view blocks = R"({"type":"document","citations":{"enabled":true},
      "source":{"type":"content","content":[{"type":"text","text":"b"}]}})";
  EXPECT_THAT(of_claude(kGemini, blocks), EndsWith("\nDROPPED citations"));
  const std::string_view plain = R"({"type":"document","citations":{"enabled":false},
      "source":{"type":"text","media_type":"text/plain","data":"b"}})";
  EXPECT_THAT(of_claude(kChat, plain), Not(HasSubstr("DROPPED")));
}

TEST(LossesTest, WhatOnlyAnthropicsToolsHaveIsNamed) {
  const std::string_view tools = R"(,"tools":[{"name":"f","input_schema":{"type":"object"},
      "defer_loading":true,"input_examples":[{"a":1}]}])";
  const std::string_view said = R"({"type":"text","text":"a"})";
  for (const Dialect to : {kChat, kResponses, kGemini, kOllama})
    EXPECT_THAT(of_claude(to, said, tools), EndsWith("\nDROPPED defer_loading, input_examples"));
  EXPECT_THAT(of_claude(kMessages, said, tools), HasSubstr(R"("input_examples":[{"a":1}])"));
  EXPECT_THAT(of_claude(kChat, said, R"(,"tools":[{"name":"f","defer_loading":false}])"),
              Not(HasSubstr("DROPPED")));
}

TEST(LossesTest, CitationsOfAnEarlierAnswerAreNamed) {
  const std::string body = R"({"max_tokens":9,"messages":[{"role":"user","content":"a"},
      {"role":"assistant","content":[{"type":"text","text":"b","citations":[{"cited_text":"c"}]}]},
      {"role":"user","content":"d"}]})";
  for (const Dialect to : {kChat, kResponses, kGemini, kOllama})
    EXPECT_THAT(transcode_request(kMessages, to, body), EndsWith("\nDROPPED citations"));
}

TEST(LossesTest, TheCutOfAVideoIsNamedAsTheClientWroteIt) {
  const auto sent = [](Dialect to, std::string_view key) {
    return transcode_request(
        kGemini, to,
        fmt::format(R"({{"contents":[{{"parts":[{{"inlineData":{{"mimeType":"video/mp4",
            "data":"AAAA"}},"{}":{{"fps":1}}}}]}}]}})",
                    key));
  };
  EXPECT_THAT(sent(kChat, "videoMetadata"), EndsWith("\nDROPPED videoMetadata"));
  EXPECT_THAT(sent(kResponses, "video_metadata"), EndsWith("\nDROPPED video_metadata"));
  EXPECT_THAT(sent(kGemini, "videoMetadata"), Not(HasSubstr("DROPPED")));
}

TEST(LossesTest, APromptThatGoogleCachesIsRefusedElsewhere) {
  const auto sent = [](Dialect to, std::string_view key, std::string_view value) {
    return transcode_request(
        kGemini, to,
        fmt::format(R"({{"contents":[{{"parts":[{{"text":"a"}}]}}],"{}":{}}})", key, value));
  };
  for (const Dialect to : {kChat, kResponses, kMessages, kOllama}) {
    EXPECT_THAT(sent(to, "cachedContent", R"("cachedContents/x")"),
                StartsWith("ERROR cachedContent: cachedContent: "));
    EXPECT_THAT(sent(to, "cached_content", R"("cachedContents/x")"),
                StartsWith("ERROR cached_content: "));
  }
  EXPECT_THAT(sent(kChat, "cachedContent", "null"), Not(HasSubstr("ERROR")));
  EXPECT_THAT(sent(kGemini, "cachedContent", R"("cachedContents/x")"),
              HasSubstr(R"("cachedContent":"cachedContents/x")"));
}

}  // namespace
}  // namespace omni::llm
