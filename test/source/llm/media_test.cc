#include "source/llm/media.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using test::transcode_request;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr Dialect kChat = Dialect::kOpenai, kResponses = Dialect::kOpenaiResponses;
constexpr Dialect kMessages = Dialect::kAnthropic, kGemini = Dialect::kGemini;
constexpr RequestOptions kVendor{.model = "m", .is_strict = true};
constexpr RequestOptions kOther{.model = "m"};

std::string by_url(Dialect to, std::string_view type, std::string_view url,
                   const RequestOptions& options = kVendor) {
  return transcode_request(kGemini, to,
                           fmt::format(R"({{"contents":[{{"role":"user","parts":[
          {{"fileData":{{"mimeType":"{}","fileUri":"{}"}}}}]}}]}})",
                                       type, url),
                           options);
}

TEST(MediaTest, ASoundByUrlIsRefusedWhereSoundsAreData) {
  const std::string_view url = "https://example.com/a.wav";
  for (const Dialect to : {kChat, kResponses})
    EXPECT_THAT(by_url(to, "audio/wav", url), StartsWith("ERROR contents: contents: "));
  for (const Dialect to : {kMessages, Dialect::kOllama})
    EXPECT_THAT(by_url(to, "audio/wav", url), StartsWith("ERROR "));
}

TEST(MediaTest, OpenaisChatTakesNoDocumentByUrl) {
  const std::string_view url = "https://example.com/a.pdf";
  EXPECT_THAT(by_url(kChat, "application/pdf", url), StartsWith("ERROR contents: "));
  // OpenRouter does (openrouter.ai/docs/features/multimodal/pdfs).
  EXPECT_THAT(by_url(kChat, "application/pdf", url, kOther),
              HasSubstr(R"("file_data":"https://example.com/a.pdf")"));
  EXPECT_THAT(by_url(kResponses, "application/pdf", url),
              HasSubstr(R"("file_url":"https://example.com/a.pdf")"));
  EXPECT_THAT(by_url(kMessages, "application/pdf", url),
              HasSubstr(R"({"type":"url","url":"https://example.com/a.pdf"})"));
  EXPECT_THAT(by_url(kMessages, "video/mp4", "https://example.com/a.mp4"), StartsWith("ERROR "));
}

TEST(MediaTest, WhatOnlyGoogleCanOpenIsRefusedElsewhere) {
  for (const std::string_view url :
       {"gs://bucket/a.png", "https://generativelanguage.googleapis.com/v1beta/files/abc",
        R"(https:\/\/generativelanguage.googleapis.com\/v1beta\/files\/abc)",
        "https://www.youtube.com/watch?v=x", "https://youtu.be/x",
        "https://m.youtube.com/shorts/x"})
    for (const Dialect to : {kChat, kResponses, kMessages}) {
      EXPECT_THAT(by_url(to, "image/png", url), StartsWith("ERROR contents: ")) << url;
      EXPECT_THAT(by_url(to, "application/pdf", url, kOther), StartsWith("ERROR contents: "))
          << url;
    }
  for (const Dialect to : {kChat, kResponses, kMessages})
    EXPECT_THAT(by_url(to, "image/png", "https://example.com/youtube.com/a.png"),
                Not(HasSubstr("ERROR")));
  EXPECT_THAT(by_url(kGemini, "image/png", "gs://bucket/a.png"), HasSubstr("gs://bucket/a.png"));
}

// A picture that a tool returned as well.
TEST(MediaTest, TheErrorNamesTheClientsField) {
  const std::string body = R"({"max_tokens":9,"messages":[
      {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[
        {"type":"image","source":{"type":"url","url":"gs://bucket/a.png"}}]}]}]})";
  EXPECT_THAT(transcode_request(kMessages, kChat, body), StartsWith("ERROR messages: messages: "));
  EXPECT_THAT(transcode_request(kResponses, kMessages, R"({"input":[{"role":"user","content":[
      {"type":"input_image","image_url":"gs://bucket/a.png"}]}]})"),
              StartsWith("ERROR input: input: "));
}

TEST(MediaTest, BytesWithoutANameGetOneByTheirType) {
  const auto sent = [](Dialect to, std::string_view type) {
    return transcode_request(kGemini, to,
                             fmt::format(R"({{"contents":[{{"parts":[
        {{"inlineData":{{"mimeType":"{}","data":"AAAA"}}}}]}}]}})",
                                         type));
  };
  for (const Dialect to : {kChat, kResponses}) {
    EXPECT_THAT(sent(to, "application/pdf"), HasSubstr(R"("filename":"document.pdf")"));
    EXPECT_THAT(sent(to, R"(text\/csv)"), HasSubstr(R"("filename":"document.csv")"));
    EXPECT_THAT(sent(to, "text/plain; charset=utf-8"), HasSubstr(R"("filename":"document.txt")"));
    EXPECT_THAT(sent(to, "text/x-python"), HasSubstr(R"("filename":"document.txt")"));
    EXPECT_THAT(sent(to, "video/mp4"), HasSubstr(R"("filename":"video.mp4")"));
    EXPECT_THAT(sent(to, "x/y"), HasSubstr(R"("filename":"document.bin")"));
  }
}

TEST(MediaTest, AJpgIsAJpeg) {
  for (const std::string_view type : {"image/jpg", R"(image\/jpg)", "image/JPG"}) {
    const std::string body = fmt::format(R"({{"max_tokens":9,"messages":[{{"role":"user","content":[
        {{"type":"image_url","image_url":{{"url":"data:{};base64,AAAA"}}}}]}}]}})",
                                         type);
    EXPECT_THAT(transcode_request(kChat, kMessages, body),
                HasSubstr(R"("media_type":"image/jpeg")"));
    EXPECT_THAT(transcode_request(kChat, kGemini, body), HasSubstr(R"("mimeType":"image/jpeg")"));
  }
}

}  // namespace
}  // namespace omni::llm
