#include "source/llm/wrapped_answer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "source/json/writer.h"
#include "source/llm/answer_reader.h"
#include "source/llm/format_tool.h"
#include "source/llm/member_value.h"
#include "test/support/json.h"
#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using Json = nlohmann::json;
using test::parse_json;
using test::transcode_request;

constexpr Dialect kChat = Dialect::kOpenai, kResponses = Dialect::kOpenaiResponses;
constexpr Dialect kMessages = Dialect::kAnthropic, kGemini = Dialect::kGemini;

std::string asking(std::string_view schema) {
  return fmt::format(R"({{"contents":[{{"parts":[{{"text":"a"}}]}}],"generationConfig":{{
      "responseMimeType":"application/json","responseJsonSchema":{}}}}})",
                     schema);
}

// What a server of `to` is shown of the schema.
Json sent(Dialect to, std::string_view schema) {
  const Json body = parse_json(transcode_request(kGemini, to, asking(schema)));
  if (to == kChat) return body["response_format"]["json_schema"]["schema"];
  return to == kResponses ? body["text"]["format"]["schema"] : body["tools"][0]["input_schema"];
}

TEST(WrappedAnswerTest, ASchemaThatIsNoObjectIsSentInsideOne) {
  for (const Dialect to : {kChat, kResponses, kMessages})
    for (const std::string_view schema :
         {R"({"type":"array","items":{"type":"string"}})", R"({"type":"string","enum":["a","b"]})",
          R"({"type":["object","null"]})", R"({"anyOf":[{"type":"object"},{"type":"null"}]})"})
      EXPECT_EQ(sent(to, schema),
                parse_json(fmt::format(R"({{"type":"object","properties":{{"answer":{}}},
                    "required":["answer"],"additionalProperties":false}})",
                                       schema)))
          << schema;
}

TEST(WrappedAnswerTest, WhatReferencesNameStaysAtTheRoot) {
  const Json out = sent(kChat, R"({"$defs":{"a":{"type":"string"}},"type":"array",
                                   "items":{"$ref":"#/$defs/a"}})");
  EXPECT_EQ(out["$defs"]["a"]["type"], "string");
  EXPECT_EQ(out["properties"]["answer"],
            parse_json(R"({"type":"array","items":{"$ref":"#/$defs/a"}})"));
}

TEST(WrappedAnswerTest, AnObjectGoesAsItIs) {
  for (const std::string_view schema :
       {R"({"type":"object","properties":{"answer":{"type":"array"}}})", R"({"properties":{}})",
        R"({"$ref":"#/$defs/a","$defs":{"a":{"type":"object"}}})"})
    EXPECT_EQ(sent(kChat, schema), parse_json(schema));
  // Gemini and Ollama take any, and an upstream of the client's own dialect is its own affair.
  EXPECT_EQ(parse_json(transcode_request(kGemini, Dialect::kOllama,
                                         asking(R"({"type":"array"})")))["format"],
            parse_json(R"({"type":"array"})"));
}

const std::string kList = R"(["é \"}\", ",{"answer":[1]}, "\\"])";
const std::string kWrapped = "{ \"answer\" :\n " + kList + " }\n";

// What the client of a list gets of `answer`: the text of the first candidate.
std::string gets(Dialect from, std::string_view answer, size_t piece) {
  Request request;
  const std::string asked = asking(R"({"type":"array"})");
  EXPECT_FALSE(decode_request(kGemini, asked, request));
  AnswerReader reader(from, {.id_seed = "s", .request = &request}, 1 << 20);
  const auto encoder = make_answer_encoder(kGemini, {.model = "m"});
  FormatTool format_tool(from == kMessages ? "json_answer" : "");
  std::string out;
  const auto emit = [&](const Event& event) {
    format_tool.put(event, [&](const Event& told) { encoder->put(told, out); });
  };
  if (piece == 0) {
    EXPECT_TRUE(reader.whole(answer, emit).ok());
  }
  for (size_t at = 0; piece > 0 && at < answer.size(); at += piece)
    EXPECT_TRUE(reader.feed(Buffer(answer.substr(at, piece)), emit).ok());
  if (piece > 0) {
    EXPECT_TRUE(reader.finish(emit).ok());
  }
  const Json candidate = parse_json(out)["candidates"][0];
  std::string text;
  for (const auto& part : candidate["content"]["parts"]) text += part["text"].get<std::string>();
  return text;
}

TEST(WrappedAnswerTest, ThePlainAnswerIsTakenOut) {
  const std::string text = json::quoted(kWrapped);
  EXPECT_EQ(gets(kChat,
                 fmt::format(R"({{"choices":[{{"index":0,"message":{{"content":{}}},
      "finish_reason":"stop"}}]}})",
                             text),
                 0),
            kList);
  EXPECT_EQ(gets(kResponses,
                 fmt::format(R"({{"status":"completed","output":[{{"type":"message",
      "content":[{{"type":"output_text","text":{}}}]}}]}})",
                             text),
                 0),
            kList);
  EXPECT_EQ(gets(kMessages,
                 fmt::format(R"({{"type":"message","content":[{{"type":"tool_use",
      "id":"t","name":"json_answer","input":{}}}],"stop_reason":"tool_use"}})",
                             kWrapped),
                 0),
            kList);
}

std::string chat_chunk(std::string_view text) {
  return fmt::format("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{}}}}}]}}\n\n",
                     json::quoted(text));
}

std::string claude_delta(std::string_view text) {
  return fmt::format(
      "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,"
      "\"delta\":{{\"type\":\"input_json_delta\",\"partial_json\":{}}}}}\n\n",
      json::quoted(text));
}

// Cut where the model's tokens may be, and the bytes of the stream anywhere; not within `é`.
TEST(WrappedAnswerTest, AStreamIsTakenOutAtAnySplit) {
  const size_t letter = kWrapped.find("é") + 1;
  for (size_t cut = 1; cut < kWrapped.size(); ++cut) {
    if (cut == letter) continue;
    const std::string one = kWrapped.substr(0, cut), two = kWrapped.substr(cut);
    const std::string chat =
        chat_chunk(one) + chat_chunk(two) +
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
        "data: [DONE]\n\n";
    const std::string claude =
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
        "\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"json_answer\","
        "\"input\":{}}}\n\n" +
        claude_delta(one) + claude_delta(two) +
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    EXPECT_EQ(gets(kChat, chat, 1 + cut % 9), kList) << cut;
    EXPECT_EQ(gets(kMessages, claude, 1 + cut % 9), kList) << cut;
  }
}

// A model that was asked for an object and says something else is quoted.
TEST(WrappedAnswerTest, AnythingElseStaysAsItIs) {
  for (const std::string_view text :
       {"I cannot.", "[1]", R"({"other":1})", "{", " ", "{\"answer\""})
    EXPECT_EQ(gets(kChat, chat_chunk(text) + "data: [DONE]\n\n", 3), text) << text;
}

TEST(WrappedAnswerTest, OfAWordItsQuotesStay) {
  MemberValue value("answer");
  std::string out;
  value.put(R"({\"answer\":\"r\u0065d\"})", out);
  EXPECT_EQ(out, R"(\"r\u0065d\")");
}

}  // namespace
}  // namespace omni::llm
