#include "source/llm/logprobs.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "test/support/json.h"
#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using nlohmann::json;
using test::parse_json;
using test::transcode_answer;
using test::transcode_stream;
using testing::HasSubstr;
using testing::Not;

constexpr Dialect kChat = Dialect::kOpenai, kResponses = Dialect::kOpenaiResponses;
constexpr Dialect kGemini = Dialect::kGemini, kOllama = Dialect::kOllama;

// ai.google.dev/api/generate-content#LogprobsResult.
constexpr std::string_view kResult = R"("avgLogprobs":-0.75,"logprobsResult":{
    "topCandidates":[
      {"candidates":[{"token":"a","tokenId":1,"logProbability":-0.5},
                     {"token":"b","tokenId":2,"logProbability":-2.5}]},
      {"candidates":[{"token":"\u00e9","tokenId":3,"logProbability":-1}]}],
    "chosenCandidates":[{"token":"a","tokenId":1,"logProbability":-0.5},
                        {"token":"\u00e9","tokenId":3,"logProbability":-1}]})";
constexpr std::string_view kEntries =
    R"([{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[
          {"token":"a","logprob":-0.5,"bytes":[97]},{"token":"b","logprob":-2.5,"bytes":[98]}]},
        {"token":"é","logprob":-1,"bytes":[195,169],"top_logprobs":[
          {"token":"é","logprob":-1,"bytes":[195,169]}]}])";

std::string gemini(std::string_view result) {
  return fmt::format(R"({{"candidates":[{{"content":{{"parts":[{{"text":"a\u00e9"}}]}},
      "finishReason":"STOP","index":0,{}}}],"modelVersion":"m","responseId":"r"}})",
                     result);
}

std::string flat(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '\n'), text.end());
  return text;
}

TEST(LogprobsTest, GeminisReachAnOpenaiClient) {
  const json plain = parse_json(transcode_answer(kGemini, kChat, gemini(kResult)));
  EXPECT_EQ(plain["choices"][0]["logprobs"]["content"], parse_json(kEntries));
  EXPECT_TRUE(plain["choices"][0]["logprobs"]["refusal"].is_null());
  const std::string stream = "data: " + flat(gemini(kResult)) + "\n\n";
  for (const size_t piece : {0, 1, 7}) {
    const std::string out = transcode_stream(kGemini, kChat, stream, piece);
    const size_t at = out.find(R"("delta":{},"logprobs":)");
    ASSERT_NE(at, std::string::npos) << out;
    const size_t begin = out.rfind("data: ", at) + 6;
    const json chunk = parse_json(out.substr(begin, out.find("\n\n", at) - begin));
    EXPECT_EQ(chunk["choices"][0]["logprobs"]["content"], parse_json(kEntries));
    EXPECT_TRUE(chunk["choices"][0]["finish_reason"].is_null());
  }
}

TEST(LogprobsTest, GeminisComeHome) {
  const json home = parse_json(transcode_answer(kGemini, kGemini, gemini(kResult)));
  EXPECT_EQ(home["candidates"][0]["avgLogprobs"], -0.75);
  const json& result = home["candidates"][0]["logprobsResult"];
  EXPECT_EQ(result["chosenCandidates"], parse_json(R"([{"token":"a","logProbability":-0.5},
                           {"token":"é","logProbability":-1}])"));
  EXPECT_EQ(result["topCandidates"][0]["candidates"][1],
            parse_json(R"({"token":"b","logProbability":-2.5})"));
  EXPECT_THAT(transcode_stream(kGemini, kGemini, "data: " + flat(gemini(kResult)) + "\n\n"),
              HasSubstr(R"("logprobsResult":{"topCandidates":)"));
  EXPECT_THAT(transcode_answer(kGemini, kGemini, gemini(R"("avgLogprobs":-1)")),
              Not(HasSubstr("ogprobs")));
}

const std::string kChatAnswer = fmt::format(
    R"({{"id":"chatcmpl-1","choices":[{{"index":0,"message":{{"role":"assistant","content":"aé"}},
      "logprobs":{{"content":{},"refusal":null}},"finish_reason":"stop"}}]}})",
    kEntries);

TEST(LogprobsTest, OpenaisReachClientsOfEveryDialectThatHasThem) {
  const json gemini = parse_json(transcode_answer(kChat, kGemini, kChatAnswer));
  EXPECT_EQ(gemini["candidates"][0]["logprobsResult"]["chosenCandidates"][0]["logProbability"],
            -0.5);
  const json ollama = parse_json(transcode_answer(kChat, kOllama, kChatAnswer));
  EXPECT_EQ(ollama["logprobs"], parse_json(kEntries));
  const json response = parse_json(transcode_answer(kChat, kResponses, kChatAnswer));
  EXPECT_EQ(response["output"][0]["content"][0]["logprobs"], parse_json(kEntries));
}

// docs.ollama.com/api/chat: each line has those of its text.
TEST(LogprobsTest, OllamasAreToldPieceByPiece) {
  const auto line = [](std::string_view token, std::string_view end) {
    return fmt::format(R"({{"model":"m","message":{{"role":"assistant","content":"{0}"}},)"
                       R"("logprobs":[{{"token":"{0}","logprob":-1,"bytes":[97]}}],"done":{1}}})"
                       "\n",
                       token, end);
  };
  const std::string stream = line("a", "false") + line("b", R"(true,"done_reason":"stop")");
  const std::string chat = transcode_stream(kOllama, kChat, stream, 5);
  EXPECT_THAT(chat, HasSubstr(R"("logprobs":{"content":[{"token":"a","logprob":-1,"bytes":[97]}],)"
                              R"("refusal":null},"finish_reason":null}]})"));
  const std::string home = transcode_stream(kOllama, kOllama, stream, 5);
  EXPECT_THAT(home, HasSubstr(R"("done":false,"logprobs":[{"token":"b","logprob":-1,)"));
  // All of them where the stream becomes one document.
  const json whole = parse_json(transcode_stream(kOllama, kChat, stream, 0, false));
  ASSERT_EQ(whole["choices"][0]["logprobs"]["content"].size(), 2u);
  EXPECT_EQ(whole["choices"][0]["logprobs"]["content"][1]["token"], "b");
}

TEST(LogprobsTest, BrokenOnesDoNotSpoilTheAnswer) {
  const json out = parse_json(
      transcode_answer(kGemini, kChat, gemini(R"("logprobsResult":{"chosenCandidates":[7,{}]})")));
  EXPECT_EQ(out["choices"][0]["message"]["content"], "aé");
  EXPECT_EQ(out["choices"][0]["logprobs"]["content"][1]["token"], "");
}

}  // namespace
}  // namespace omni::llm
