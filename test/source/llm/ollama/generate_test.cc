#include <gtest/gtest.h>

#include <string>

#include "source/llm/codec.h"
#include "test/support/json.h"

namespace omni::llm::ollama {
namespace {

using nlohmann::json;

std::string decode(std::string_view body, Request& out) {
  const auto error = decode_request(Dialect::kOllamaGenerate, body, out);
  return error ? error->message : "ok";
}

TEST(GenerateTest, APromptWithImagesBecomesAUserMessage) {
  Request request;
  ASSERT_EQ(decode(R"({"model":"m","prompt":"p","system":"s","images":["iVBORw0KGgo="],
                       "options":{"num_predict":7},"think":true,"context":[],"raw":false,
                       "template":"","suffix":null,"keep_alive":"5m","format":"json"})",
                   request),
            "ok");
  ASSERT_EQ(request.messages.size(), 2U);
  EXPECT_EQ(request.messages[0].parts[0].text.decoded(), "s");
  ASSERT_EQ(request.messages[1].parts.size(), 2U);
  EXPECT_EQ(request.messages[1].parts[1].media.media_type.decoded(), "image/png");
  EXPECT_EQ(request.max_tokens, 7);
  EXPECT_EQ(request.format.kind, OutputFormat::Kind::kJson);
}

TEST(GenerateTest, WhatAChatCannotDoIsRefused) {
  for (const std::string member :
       {R"("suffix":"x")", R"("raw":true)", R"("context":[1])", R"("template":"{{ .Prompt }}")"}) {
    Request request;
    const std::string name = member.substr(1, member.find('"', 1) - 1);
    EXPECT_EQ(decode(R"({"prompt":"p",)" + member + "}", request),
              name + ": cannot be told to a chat model");
  }
  Request request;
  EXPECT_EQ(decode(R"({"model":"m"})", request), "prompt: is missing");
}

std::string turn(std::string_view chunk, bool stream) {
  const auto decoder = make_answer_decoder(Dialect::kOllamaGenerate, {.id_seed = "s"});
  const auto encoder =
      make_answer_encoder(Dialect::kOllamaGenerate, {.stream = stream, .model = "m", .now = 9});
  std::string out;
  const auto status = decoder->whole(chunk, [&](const Event& event) { encoder->put(event, out); });
  EXPECT_TRUE(status.ok());
  return out;
}

// What a provider's own endpoint answers is understood, and written alike.
TEST(GenerateTest, AnswersHaveAResponseInPlaceOfAMessage) {
  constexpr std::string_view kAnswer =
      R"({"model":"real","created_at":"2026-01-02T03:04:05Z","response":"hi","thinking":"hm",
          "done":true,"done_reason":"length","prompt_eval_count":3,"eval_count":2})";
  const json made = test::parse_json(turn(kAnswer, false));
  EXPECT_EQ(made["model"], "real");
  EXPECT_EQ(made["response"], "hi");
  EXPECT_EQ(made["thinking"], "hm");
  EXPECT_EQ(made["done"], true);
  EXPECT_EQ(made["done_reason"], "length");
  EXPECT_EQ(made["eval_count"], 2);
  EXPECT_FALSE(made.contains("message"));
  const std::string lines = turn(kAnswer, true);
  EXPECT_NE(lines.find(R"("response":"hi","done":false})"), std::string::npos) << lines;
  EXPECT_NE(lines.find(R"("thinking":"hm")"), std::string::npos) << lines;
  EXPECT_NE(lines.find(R"("response":"","done":true)"), std::string::npos) << lines;
}

}  // namespace
}  // namespace omni::llm::ollama
