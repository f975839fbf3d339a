#include "source/llm/tool_names.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/llm/answer_reader.h"
#include "test/support/json.h"
#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using nlohmann::json;
using test::parse_json;
using test::transcode_request;
using testing::HasSubstr;
using testing::MatchesRegex;

constexpr Dialect kChat = Dialect::kOpenai, kResponses = Dialect::kOpenaiResponses;
constexpr Dialect kMessages = Dialect::kAnthropic, kGemini = Dialect::kGemini;
constexpr RequestOptions kVendor{.model = "m", .is_strict = true};
constexpr RequestOptions kOther{.model = "m"};

// Gemini takes dots and colons in a name.
constexpr std::string_view kName = "files.read:all";
const std::string kAsked = fmt::format(R"({{"contents":[
    {{"role":"user","parts":[{{"text":"a"}}]}},
    {{"role":"model","parts":[{{"functionCall":{{"id":"c","name":"{0}","args":{{}}}}}}]}},
    {{"role":"user","parts":[{{"functionResponse":{{"id":"c","name":"{0}","response":{{}}}}}}]}}],
  "tools":[{{"functionDeclarations":[{{"name":"{0}"}},{{"name":"plain"}}]}}],
  "toolConfig":{{"functionCallingConfig":{{"mode":"ANY","allowedFunctionNames":["{0}"]}}}}}})",
                                       kName);

json sent(Dialect to, const RequestOptions& options = kVendor) {
  return parse_json(transcode_request(kGemini, to, kAsked, options));
}

TEST(ToolNamesTest, ANameThatOpenaiRefusesIsChangedWhereverItStands) {
  const json body = sent(kChat);
  const std::string name = body["tools"][0]["function"]["name"];
  EXPECT_THAT(name, MatchesRegex("files_read_all_[0-9a-f]{8}"));
  EXPECT_EQ(body["tools"][1]["function"]["name"], "plain");
  EXPECT_EQ(body["tool_choice"]["function"]["name"], name);
  EXPECT_EQ(body["messages"][1]["tool_calls"][0]["function"]["name"], name);
}

TEST(ToolNamesTest, SoItIsInResponses) {
  const json body = sent(kResponses);
  const std::string name = body["tools"][0]["name"];
  EXPECT_THAT(name, MatchesRegex("files_read_all_[0-9a-f]{8}"));
  EXPECT_EQ(body["tool_choice"]["name"], name);
  EXPECT_EQ(body["input"][1]["name"], name);
}

TEST(ToolNamesTest, SoItIsForAnthropic) {
  const json body = sent(kMessages, kOther);
  const std::string name = body["tools"][0]["name"];
  EXPECT_THAT(name, MatchesRegex("files_read_all_[0-9a-f]{8}"));
  EXPECT_EQ(body["tool_choice"]["name"], name);
  EXPECT_EQ(body["messages"][1]["content"][0]["name"], name);
}

TEST(ToolNamesTest, ServersThatAreOnlyCompatibleMayTakeIt) {
  EXPECT_EQ(sent(kChat, kOther)["tools"][0]["function"]["name"], kName);
  EXPECT_EQ(sent(kResponses, kOther)["tools"][0]["name"], kName);
}

TEST(ToolNamesTest, LongNamesFitAndStayApart) {
  const std::string long_name(70, 'n');
  const std::string body = fmt::format(R"({{"max_tokens":9,"messages":[],"tools":[
      {{"name":"{0}a","input_schema":{{}}}},{{"name":"{0}b","input_schema":{{}}}}]}})",
                                       long_name);
  const json tools = parse_json(transcode_request(kMessages, kChat, body, kVendor))["tools"];
  const std::string one = tools[0]["function"]["name"], two = tools[1]["function"]["name"];
  EXPECT_LE(one.size(), 64u);
  EXPECT_NE(one, two);
  // Anthropic takes 128 characters.
  const json same = parse_json(transcode_request(kMessages, kMessages, body, kVendor))["tools"];
  EXPECT_EQ(same[0]["name"], long_name + "a");
}

// What the client of kAsked gets of a call that comes back.
std::string gets(Dialect from, std::string_view answer, size_t piece) {
  Request request;
  EXPECT_FALSE(decode_request(kGemini, kAsked, request));
  AnswerReader reader(from, {.id_seed = "s", .request = &request}, 1 << 20);
  const auto encoder = make_answer_encoder(kGemini, {.stream = piece > 0, .model = "m"});
  std::string out;
  const auto emit = [&](const Event& event) { encoder->put(event, out); };
  if (piece == 0) {
    EXPECT_TRUE(reader.whole(answer, emit).ok());
    return out;
  }
  for (size_t at = 0; at < answer.size(); at += piece)
    EXPECT_TRUE(reader.feed(Buffer(answer.substr(at, piece)), emit).ok());
  EXPECT_TRUE(reader.finish(emit).ok());
  return out;
}

const std::string kBack = fmt::format(R"("name":"{}")", kName);

TEST(ToolNamesTest, TheClientGetsItsOwnNameBack) {
  const std::string chat = sent(kChat)["tools"][0]["function"]["name"];
  EXPECT_THAT(gets(kChat,
                   fmt::format(R"({{"choices":[{{"index":0,"message":{{"tool_calls":[
      {{"id":"c","type":"function","function":{{"name":"{}","arguments":"{{}}"}}}}]}},
      "finish_reason":"tool_calls"}}]}})",
                               chat),
                   0),
              HasSubstr(kBack));
  EXPECT_THAT(gets(kMessages,
                   fmt::format(R"({{"type":"message","content":[{{"type":"tool_use","id":"c",
      "name":"{}","input":{{}}}}],"stop_reason":"tool_use"}})",
                               chat),
                   0),
              HasSubstr(kBack));
  EXPECT_THAT(gets(kResponses,
                   fmt::format(R"({{"status":"completed","output":[
      {{"type":"function_call","call_id":"c","name":"{}","arguments":"{{}}"}}]}})",
                               chat),
                   0),
              HasSubstr(kBack));
}

TEST(ToolNamesTest, TheClientGetsItsOwnNameBackInAStream) {
  const std::string name = sent(kChat)["tools"][0]["function"]["name"];
  const std::string chat =
      fmt::format(R"(data: {{"choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":0,)"
                  R"("id":"c","function":{{"name":"{}","arguments":"{{}}"}}}}]}},)"
                  R"("finish_reason":"tool_calls"}}]}})"
                  "\n\ndata: [DONE]\n\n",
                  name);
  const std::string messages = fmt::format(
      "event: content_block_start\ndata: "
      R"({{"type":"content_block_start","index":0,"content_block":)"
      R"({{"type":"tool_use","id":"c","name":"{}","input":{{}}}}}})"
      "\n\nevent: content_block_stop\ndata: {{\"type\":\"content_block_stop\",\"index\":0}}\n\n"
      "event: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n",
      name);
  const std::string item = fmt::format(
      R"({{"id":"fc","type":"function_call","call_id":"c","name":"{}","arguments":"{{}}"}})", name);
  const std::string responses = fmt::format(
      "event: response.output_item.added\ndata: "
      R"({{"type":"response.output_item.added","output_index":0,"item":{0}}})"
      "\n\nevent: response.output_item.done\ndata: "
      R"({{"type":"response.output_item.done","output_index":0,"item":{0}}})"
      "\n\nevent: response.completed\ndata: "
      R"({{"type":"response.completed","response":{{"status":"completed","output":[{0}]}}}})"
      "\n\n",
      item);
  for (const size_t piece : {1, 7, 1000}) {
    EXPECT_THAT(gets(kChat, chat, piece), HasSubstr(kBack));
    EXPECT_THAT(gets(kMessages, messages, piece), HasSubstr(kBack));
    EXPECT_THAT(gets(kResponses, responses, piece), HasSubstr(kBack));
  }
}

// Names of a namespace are its own business: there they travel apart.
TEST(ToolNamesTest, AToolOfANamespaceKeepsItsName) {
  const std::string body = R"({"input":[{"type":"message","role":"user","content":"a"},
      {"type":"function_call","call_id":"c","namespace":"mcp","name":"files.read",
       "arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"b"}],
      "tools":[{"type":"namespace","name":"mcp","tools":[
        {"type":"function","name":"files.read","parameters":{"type":"object"}}]}]})";
  const json out = parse_json(transcode_request(kResponses, kResponses, body, kVendor));
  EXPECT_EQ(out["tools"][0]["tools"][0]["name"], "files.read");
  EXPECT_EQ(out["input"][1]["name"], "files.read");
  EXPECT_EQ(out["input"][1]["namespace"], "mcp");
}

}  // namespace
}  // namespace omni::llm
