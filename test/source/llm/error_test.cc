#include "source/llm/error.h"
#include "test/support/json.h"

#include <gtest/gtest.h>

#include <string>

namespace omni::llm {
namespace {

Error parse(std::string_view body, int status = 400) { return parse_error(status, body); }

TEST(LlmErrorTest, ReadsEveryShapeThatProvidersUse) {
  const Error whole = parse(
      R"({"error":{"message":"No.","type":"invalid_request_error","param":"n","code":"bad_n"}})");
  EXPECT_EQ(whole.message, "No.");
  EXPECT_EQ(whole.type, "invalid_request_error");
  EXPECT_EQ(whole.param, "n");
  EXPECT_EQ(whole.code, "bad_n");
  EXPECT_EQ(parse(R"({"error":"plain"})").message, "plain");
  EXPECT_EQ(parse(R"({"message":"here"})").message, "here");
  EXPECT_EQ(parse(R"({"detail":"there"})").message, "there");
  EXPECT_EQ(parse(R"({"error":{"message":"m","code":42,"param":null}})").code, "42");
  EXPECT_EQ(parse("upstream connect error").message, "upstream connect error");
  EXPECT_EQ(parse("<html><h1>502</h1></html>").message, "");
  EXPECT_EQ(parse("").message, "");
  EXPECT_EQ(parse(R"({"error":null})").message, "");
  EXPECT_EQ(parse(R"(["odd"])").message, R"(["odd"])");
}

TEST(LlmErrorTest, AStatusThatIsRepeatedAsACodeIsNone) {
  const std::string_view body = R"({"error":{"code":429,"message":"m","status":"X"}})";
  const Error error = parse(body, 429);
  EXPECT_EQ(error.code, "");
  EXPECT_EQ(parse(body, 500).code, "429");
  EXPECT_EQ(parse(R"({"error":{"code":"429"}})", 429).code, "429");
  const auto json = test::parse_json(render_error(Dialect::kOpenai, error));
  EXPECT_EQ(json["error"]["code"], "rate_limit_exceeded");
}

TEST(LlmErrorTest, TheWaitOfARetryInfoIsReadInWholeSeconds) {
  const auto wait = [](std::string_view details) {
    const Error error =
        parse(R"({"error":{"message":"m","details":)" + std::string(details) + "}}");
    EXPECT_EQ(error.message, "m");
    return error.retry_after;
  };
  EXPECT_EQ(wait(R"([{"@type":"Help","links":[]},{"retryDelay":"7s"}])"), 7);
  EXPECT_EQ(wait(R"([{"retryDelay":"0.25s"}])"), 1);
  EXPECT_EQ(wait(R"([{"retryDelay":"-1s"},{"retryDelay":"soon"},{"retryDelay":7},"odd"])"), 0);
  EXPECT_EQ(wait(R"([{"retryDelay":"1e300s"},{"retryDelay":"nans"}])"), 0);
  EXPECT_EQ(wait(R"("none")"), 0);
}

TEST(LlmErrorTest, AWaitIsReadWhereverABodySaysIt) {
  const auto wait = [](std::string_view body) { return parse(body, 429).retry_after; };
  EXPECT_EQ(wait(R"({"error":{"message":"m","retry_after":12}})"), 12);
  EXPECT_EQ(wait(R"({"error":{"message":"m","retry_after":"12"}})"), 12);
  EXPECT_EQ(wait(R"({"retry_after":1.2,"error":{"message":"m"}})"), 2);
  EXPECT_EQ(wait(R"({"message":"m","retry_after":"0.5"})"), 1);
  for (const std::string_view odd : {"0", "-3", "null", "\"soon\"", "{}", "[7]", "1e300", "true"}) {
    const Error error =
        parse(R"({"error":{"message":"m","retry_after":)" + std::string(odd) + "}}", 429);
    EXPECT_EQ(error.retry_after, 0) << odd;
    EXPECT_EQ(error.message, "m") << odd;
  }
}

TEST(LlmErrorTest, AMessageIsOneLineOfBoundedLength) {
  EXPECT_EQ(parse(R"({"error":{"message":" a\r\nb\tc "}})").message, "a  b c");
  EXPECT_LE(parse(std::string(100000, 'x')).message.size(), 4096u);
  EXPECT_EQ(parse("\x1c no\x1f").message, "no");
  // Not a byte of half a character: clients' parsers refuse it.
  std::string odd = "x";
  for (int i = 0; i < 3000; ++i) odd += "\u00e9";
  EXPECT_EQ(parse(odd).message, odd.substr(0, 4095));
}

// They end up in logs and headers.
TEST(LlmErrorTest, TheOtherWordsAreShortToo) {
  const std::string word(10000, 'w');
  const Error error = parse(R"({"error":{"message":"m","type":")" + word + R"(","code":")" + word +
                            R"(","param":")" + word + "\"}}");
  EXPECT_EQ(error.type.size(), 256u);
  EXPECT_EQ(error.code.size(), 256u);
  EXPECT_EQ(error.param.size(), 256u);
}

TEST(LlmErrorTest, WhatIsRenderedIsReadBack) {
  const Error error{.status = 429, .type = "t", .code = "c", .message = "m \"q\" \n", .param = "p"};
  const auto json = test::parse_json(render_error(Dialect::kOpenai, error));
  EXPECT_EQ(json["error"]["message"], "m \"q\" \n");
  EXPECT_EQ(json["error"]["type"], "t");
  EXPECT_EQ(json["error"]["code"], "c");
  EXPECT_EQ(json["error"]["param"], "p");
}

TEST(LlmErrorTest, WordsForTheStatusFillWhatIsNotSaid) {
  const auto json = test::parse_json(render_error(Dialect::kOpenai, {.status = 429}));
  EXPECT_EQ(json["error"]["type"], "rate_limit_error");
  EXPECT_EQ(json["error"]["code"], "rate_limit_exceeded");
  EXPECT_TRUE(json["error"]["param"].is_null());
  for (const int status : {400, 401, 404, 418, 500, 502, 503, 504, 599})
    EXPECT_FALSE(
        test::parse_json(render_error(Dialect::kOpenai, {.status = status}))["error"]["message"]
            .get<std::string>()
            .empty());
}

TEST(LlmErrorTest, AStreamErrorIsOneEvent) {
  const std::string event =
      render_stream_error(Dialect::kOpenai, {.status = 502, .code = "c", .message = "a\nb"});
  EXPECT_EQ(event.substr(0, 6), "data: ");
  EXPECT_EQ(event.find('\n'), event.size() - 2) << "one line, then the blank one";
}

TEST(LlmErrorTest, MasksWhatLooksLikeACredential) {
  EXPECT_EQ(mask_secrets("Incorrect API key provided: sk-abcdefgh1234.", ""),
            "Incorrect API key provided: sk-***");
  EXPECT_EQ(mask_secrets("Bearer abcdefghijk is wrong", ""), "Bearer *** is wrong");
  EXPECT_EQ(mask_secrets("AIzaSyA1234567890abcdefghij!", ""), "AIza***!");
  EXPECT_EQ(mask_secrets("use gsk_123456789 or hf_123456789", ""), "use gsk_*** or hf_***");
  EXPECT_EQ(mask_secrets("odd-secret-xyz here: odd-secret-xyz", "odd-secret-xyz"), "*** here: ***");
  EXPECT_EQ(mask_secrets("a short one", "a"), "a short one");
  EXPECT_EQ(mask_secrets("sk-short", ""), "sk-short");
}

TEST(LlmErrorTest, OrdinaryWordsAreNotMasked) {
  for (const std::string_view text :
       {"the disk-full-error of task-12345678", "risk-assessment", "Model not found"})
    EXPECT_EQ(mask_secrets(text, ""), text);
}

}  // namespace
}  // namespace omni::llm
