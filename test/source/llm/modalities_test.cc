#include "source/llm/modalities.h"

#include <gtest/gtest.h>

#include <string>

#include "source/catalog/provider.h"

namespace omni::llm {
namespace {

struct Case {
  Dialect dialect;
  std::string body;
  uint8_t held;
};

TEST(ModalitiesTest, EachDialectsPartsAreKnown) {
  const Case cases[] = {
      {Dialect::kOpenai,
       R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]})",
       kImage},
      {Dialect::kOpenai, R"({"messages":[{"content":[{"type": "input_audio"},{"type":"file"}]}]})",
       kAudio | kFile},
      {Dialect::kOpenaiResponses, R"({"input":[{"content":[{"type":"input_image"}]}]})", kImage},
      {Dialect::kOpenaiResponses, R"({"input":[{"content":[{"type":"input_file"}]}]})", kFile},
      {Dialect::kAnthropic, R"({"messages":[{"content":[{"type":"image","source":{}}]}]})", kImage},
      {Dialect::kAnthropic, R"({"messages":[{"content":[{"type":"document"}]}]})", kFile},
      {Dialect::kGemini, R"({"contents":[{"parts":[{"inlineData":{"mimeType":"image/png"}}]}]})",
       kImage},
      {Dialect::kGemini, R"({"contents":[{"parts":[{"fileData":{"mimeType":"video/mp4"}}]}]})",
       kVideo},
      {Dialect::kOllama, R"({"messages":[{"role":"user","images":["aGk="]}]})", kImage},
      {Dialect::kOllamaGenerate, R"({"prompt":"?","images":["aGk="]})", kImage},
  };
  for (const Case& each : cases)
    EXPECT_EQ(modalities_in(each.dialect, each.body), each.held) << each.body;
}

TEST(ModalitiesTest, WhatAUserWritesIsText) {
  for (const Dialect dialect : {Dialect::kOpenai, Dialect::kOpenaiResponses, Dialect::kAnthropic,
                                Dialect::kGemini, Dialect::kOllama}) {
    const std::string body =
        R"({"messages":[{"role":"user","content":"an \"image_url\", \"image\", \"input_image\", )"
        R"(\"images\" and \"image/png\" in \"file\""}]})";
    EXPECT_EQ(modalities_in(dialect, body), 0) << name_of(dialect);
  }
}

}  // namespace
}  // namespace omni::llm
