#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/llm/codec.h"
#include "source/llm/openai/text_encoder.h"
#include "test/support/json.h"

namespace omni::llm::openai {
namespace {

using nlohmann::json;

std::string decode(std::string_view body, Request& out) {
  const auto error = decode_request(Dialect::kOpenaiText, body, out);
  return error ? error->message : "ok";
}

std::string refusal(std::string_view body) {
  Request request;
  return decode(body, request);
}

TEST(TextRequestTest, APromptBecomesAUserMessage) {
  Request request;
  ASSERT_EQ(decode(R"({"model":"m","prompt":["Say \"hi\""],"system":"s","max_tokens":5,
                       "temperature":0.5,"n":2,"stop":"x","logprobs":2,"suffix":"",
                       "best_of":2,"logit_bias":{"1":2},"user":"u"})",
                   request),
            "ok");
  ASSERT_EQ(request.messages.size(), 2U);
  EXPECT_EQ(request.messages[0].role, Role::kSystem);
  EXPECT_EQ(request.messages[1].parts[0].text.decoded(), "Say \"hi\"");
  EXPECT_EQ(request.max_tokens, 5);
  EXPECT_EQ(request.choices, 2);
  EXPECT_EQ(request.logprobs, true);
  EXPECT_EQ(request.top_logprobs, "2");
  ASSERT_EQ(request.extras.size(), 1U);
  EXPECT_EQ(request.extras[0].key, "logit_bias");
}

TEST(TextRequestTest, WhatAChatCannotDoIsRefused) {
  EXPECT_EQ(refusal(R"({"model":"m"})"), "prompt: is missing");
  EXPECT_EQ(refusal(R"({"prompt":["a","b"]})"), "prompt: only one prompt can be sent at a time");
  EXPECT_EQ(refusal(R"({"prompt":[1,2]})"),
            "prompt: token ids cannot be sent to a chat model; send text");
  EXPECT_EQ(refusal(R"({"prompt":7})"), "prompt: must be a string");
  EXPECT_EQ(refusal(R"({"prompt":"a","suffix":"b"})"),
            "suffix: a chat model cannot fill in before a suffix");
  EXPECT_EQ(refusal(R"({"prompt":"a","best_of":3})"),
            "best_of: must not be more than n: answers are not compared here");
  EXPECT_EQ(refusal(R"({"prompt":"a","logprobs":true})").substr(0, 9), "logprobs:");
}

// A chat's answer in either form, as a text completion.
std::string answer(std::string_view chat, bool stream, const Request* request = nullptr) {
  const auto decoder = make_answer_decoder(Dialect::kOpenai, {.id_seed = "s", .choices = 1});
  const auto encoder = make_answer_encoder(Dialect::kOpenaiText, {.stream = stream,
                                                                  .model = "m",
                                                                  .fallback_id = "req_1",
                                                                  .now = 9,
                                                                  .include_usage = true,
                                                                  .request = request});
  std::string out;
  std::string padded(chat);
  padded.resize(chat.size() + 64);
  const auto status = decoder->whole(std::string_view(padded).substr(0, chat.size()),
                                     [&](const Event& event) { encoder->put(event, out); });
  EXPECT_TRUE(status.ok());
  return out;
}

constexpr std::string_view kChat =
    R"({"id":"chatcmpl-7","object":"chat.completion","created":5,"model":"real","choices":[{"index":0,
        "message":{"role":"assistant","content":"a\"b","reasoning_content":"hidden"},
        "logprobs":{"content":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":
        [{"token":"a","logprob":-0.5,"bytes":null},{"token":"z","logprob":-2}]},
        {"token":"\"b","logprob":-1,"top_logprobs":[]}]},"finish_reason":"length"}],
        "usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}})";

TEST(TextEncoderTest, APlainAnswerHasTheOldShape) {
  const json made = test::parse_json(answer(kChat, false));
  EXPECT_EQ(made["id"], "cmpl-7");
  EXPECT_EQ(made["object"], "text_completion");
  EXPECT_EQ(made["created"], 5);
  EXPECT_EQ(made["model"], "real");
  const json& choice = made["choices"][0];
  EXPECT_EQ(choice["text"], "a\"b");
  EXPECT_EQ(choice["finish_reason"], "length");
  EXPECT_EQ(choice["logprobs"]["tokens"], json({"a", "\"b"}));
  EXPECT_EQ(choice["logprobs"]["token_logprobs"], json({-0.5, -1}));
  EXPECT_EQ(choice["logprobs"]["top_logprobs"][0], json({{"a", -0.5}, {"z", -2}}));
  EXPECT_EQ(choice["logprobs"]["text_offset"], json({0, 1}));
  EXPECT_EQ(made["usage"]["total_tokens"], 5);
}

TEST(TextEncoderTest, AStreamEndsWithUsageAndDone) {
  std::vector<json> events;
  std::string text;
  std::string out = answer(kChat, true);
  size_t at = 0;
  for (size_t end; (end = out.find("\n\n", at)) != std::string::npos; at = end + 2) {
    const std::string data = out.substr(at + 6, end - at - 6);
    if (data == "[DONE]") continue;
    events.push_back(test::parse_json(data));
    if (!events.back()["choices"].empty()) text += events.back()["choices"][0]["text"];
  }
  EXPECT_EQ(out.substr(out.size() - 14), "data: [DONE]\n\n");
  EXPECT_EQ(text, "a\"b");
  ASSERT_GE(events.size(), 3U);
  EXPECT_EQ(events.back()["usage"]["completion_tokens"], 2);
  EXPECT_EQ(events[events.size() - 2]["choices"][0]["finish_reason"], "length");
  for (const json& event : events) EXPECT_EQ(event["object"], "text_completion");
}

TEST(TextEncoderTest, AnEchoedPromptComesFirst) {
  Request request;
  ASSERT_EQ(decode(R"({"prompt":"Q: ","echo":true})", request), "ok");
  const json made = test::parse_json(answer(kChat, false, &request));
  EXPECT_EQ(made["choices"][0]["text"], "Q: a\"b");
  EXPECT_EQ(made["choices"][0]["logprobs"]["text_offset"], json({3, 4}));
  EXPECT_NE(answer(kChat, true, &request).find(R"("text":"Q: ")"), std::string::npos);
}

}  // namespace
}  // namespace omni::llm::openai
