// What coding agents send with every request, where another dialect's server takes less.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "source/llm/answer_reader.h"
#include "test/support/json.h"
#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using test::transcode_request;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr Dialect kChat = Dialect::kOpenai, kResponses = Dialect::kOpenaiResponses,
                  kMessages = Dialect::kAnthropic;
constexpr RequestOptions kVendor{.model = "m", .is_strict = true}, kOther{.model = "m"};

TEST(AgentsTest, AUsersIdThatIsTooLongIsLeftOut) {
  const auto ask = [](size_t length) {
    return fmt::format(R"({{"max_tokens":9,"messages":[{{"role":"user","content":"a"}}],)"
                       R"("metadata":{{"user_id":"{}"}}}})",
                       std::string(length, 'u'));
  };
  for (const Dialect to : {kChat, kResponses}) {
    EXPECT_THAT(transcode_request(kMessages, to, ask(64), kVendor), HasSubstr(R"("user":"uuu)"));
    EXPECT_THAT(transcode_request(kMessages, to, ask(65), kVendor), EndsWith("DROPPED user"));
    EXPECT_THAT(transcode_request(kMessages, to, ask(128), kOther), HasSubstr(R"("user":"uuu)"));
    EXPECT_THAT(transcode_request(kMessages, to, ask(129), kOther), EndsWith("DROPPED user"));
  }
}

// codex offers a web search beside its own tools.
TEST(AgentsTest, AHostedToolBesideOthersIsLeftOutElsewhere) {
  const auto ask = [](std::string_view more) {
    return fmt::format(R"({{"input":"a","tools":[{{"type":"function","name":"shell",
        "parameters":{{"type":"object"}}}},{{"type":"web_search"}}]{}}})",
                       more);
  };
  for (const Dialect to : {kChat, kMessages, Dialect::kGemini, Dialect::kOllama}) {
    const std::string out = transcode_request(kResponses, to, ask(""), kVendor);
    EXPECT_THAT(out, HasSubstr(R"("name":"shell")"));
    EXPECT_THAT(out, HasSubstr("\nDROPPED web_search"));
    EXPECT_THAT(out.substr(0, out.find('\n')), Not(HasSubstr("web_search")));
    EXPECT_THAT(
        transcode_request(kResponses, to, ask(R"(,"tool_choice":{"type":"web_search"})"), kVendor),
        HasSubstr("'web_search' runs at its own provider"));
  }
  const std::string_view gemini = R"({"contents":[{"role":"user","parts":[{"text":"a"}]}],"tools":[
      {"functionDeclarations":[{"name":"shell"}]},{"googleSearch":{}}]})";
  EXPECT_THAT(transcode_request(Dialect::kGemini, kResponses, gemini, kVendor),
              EndsWith("\nDROPPED googleSearch"));
}

// With interleaved thinking a model thinks again in the middle of an answer.
TEST(AgentsTest, ThoughtsComeBackWhereTheyStood) {
  const std::string out = transcode_request(kResponses, kMessages, R"({"input":[
      {"type":"message","role":"user","content":[{"type":"input_text","text":"a"}]},
      {"type":"reasoning","summary":[],"encrypted_content":"omniroute.anthropic.one"},
      {"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"}]},
      {"type":"reasoning","summary":[],"encrypted_content":"omniroute.anthropic.two"},
      {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
      {"type":"function_call_output","call_id":"c","output":"d"}]})",
                                            kVendor);
  const auto body = test::parse_json(out);
  std::string kinds;
  for (const auto& block : body["messages"][1]["content"])
    kinds += block["type"].get<std::string>() + " ";
  EXPECT_EQ(kinds, "thinking text thinking tool_use ");
}

// Claude Code looks for tools that are not loaded yet.
TEST(AgentsTest, AToolThatWasFoundIsNamed) {
  const std::string_view found = R"({"max_tokens":9,"messages":[{"role":"user","content":"a"},
      {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"ToolSearch","input":{}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[
        {"type":"tool_reference","tool_name":"mcp__tickets"}]}]}]})";
  EXPECT_THAT(transcode_request(kMessages, kChat, found, kVendor),
              HasSubstr(R"("tool_call_id":"t","content":"mcp__tickets")"));
  EXPECT_THAT(transcode_request(kMessages, kMessages, found, kVendor),
              HasSubstr(R"({"type":"tool_reference","tool_name":"mcp__tickets"})"));
}

// A talk that began at another provider.
TEST(AgentsTest, IdsOfCallsThatAreTooLongArePairedUnderShorterOnes) {
  const std::string id = "functions.search_file_content:" + std::string(60, '7');
  const std::string talk = fmt::format(R"({{"max_tokens":9,"messages":[
      {{"role":"user","content":"a"}},
      {{"role":"assistant","content":[{{"type":"tool_use","id":"{0}","name":"f","input":{{}}}}]}},
      {{"role":"user","content":[{{"type":"tool_result","tool_use_id":"{0}","content":"b"}}]}}]}})",
                                       id);
  const auto chat = test::parse_json(transcode_request(kMessages, kChat, talk, kVendor));
  const std::string chat_id = chat["messages"][1]["tool_calls"][0]["id"];
  EXPECT_LE(chat_id.size(), 40u);
  EXPECT_EQ(chat["messages"][2]["tool_call_id"], chat_id);
  const auto items = test::parse_json(transcode_request(kMessages, kResponses, talk, kVendor));
  const std::string item_id = items["input"][1]["call_id"];
  EXPECT_LE(item_id.size(), 64u);
  EXPECT_EQ(items["input"][2]["call_id"], item_id);
  EXPECT_THAT(transcode_request(kMessages, kChat, talk, kOther), HasSubstr(id));
}

// Gemini CLI gives calls without an id one of its own, in their results only.
TEST(AgentsTest, AMadeUpIdAnswersTheCallWithoutOne) {
  const auto chat = test::parse_json(transcode_request(Dialect::kGemini, kChat, R"({"contents":[
      {"role":"user","parts":[{"text":"a"}]},
      {"role":"model","parts":[{"functionCall":{"name":"read","args":{"n":1}}},
        {"functionCall":{"name":"read","args":{"n":2}}}]},
      {"role":"user","parts":[
        {"functionResponse":{"id":"read-1-a","name":"read","response":{"output":"one"}}},
        {"functionResponse":{"id":"read-2-b","name":"read","response":{"output":"two"}}}]}]})",
                                                       kVendor));
  const auto& calls = chat["messages"][1]["tool_calls"];
  EXPECT_EQ(chat["messages"][2]["tool_call_id"], calls[0]["id"]);
  EXPECT_EQ(chat["messages"][3]["tool_call_id"], calls[1]["id"]);
  EXPECT_NE(calls[0]["id"], calls[1]["id"]);
}

constexpr std::string_view kPatch = R"({"input":[
    {"type":"message","role":"user","content":[{"type":"input_text","text":"a"}]},
    {"type":"custom_tool_call","call_id":"call_1","name":"apply_patch","input":"say \"hi\""},
    {"type":"custom_tool_call_output","call_id":"call_1","output":"ok"}],
    "tools":[{"type":"custom","name":"apply_patch",
      "format":{"type":"grammar","syntax":"lark","definition":"d"}}]})";

// Servers that are compatible with the vendor's know functions only.
TEST(AgentsTest, FreeTextIsAFunctionsWhereTheServerKnowsNothingElse) {
  const std::string vendor = transcode_request(kResponses, kChat, kPatch, kVendor);
  EXPECT_THAT(vendor,
              HasSubstr(R"({"type":"custom","custom":{"name":"apply_patch","format":{"type":)"
                        R"("grammar","grammar":{"definition":"d","syntax":"lark"}}}})"));
  const std::string other = transcode_request(kResponses, kChat, kPatch, kOther);
  EXPECT_THAT(other, EndsWith("\nDROPPED format"));
  const auto body = test::parse_json(other.substr(0, other.find('\n')));
  EXPECT_EQ(body["tools"][0]["function"]["parameters"]["required"][0], "input");
  EXPECT_EQ(body["messages"][1]["tool_calls"][0]["function"]["arguments"],
            R"({"input":"say \"hi\""})");
}

// What a client of Responses gets of `answer`, fed in small pieces.
std::string codex_gets(Dialect from, std::string_view answer, std::string_view asked = kPatch) {
  Request request;
  EXPECT_FALSE(decode_request(kResponses, asked, request));
  AnswerReader reader(from, {.id_seed = "s", .request = &request}, 1 << 20);
  const auto encoder =
      make_answer_encoder(kResponses, {.model = "m", .fallback_id = "x", .request = &request});
  std::string out;
  const auto emit = [&](const Event& event) { encoder->put(event, out); };
  for (size_t at = 0; at < answer.size(); at += 7)
    EXPECT_TRUE(reader.feed(Buffer(answer.substr(at, 7)), emit).ok());
  EXPECT_TRUE(reader.finish(emit).ok());
  return out;
}

TEST(AgentsTest, FreeTextComesBackAsSuch) {
  const std::string_view messages =
      R"(data: {"type":"message_start","message":{"id":"msg_1","model":"m","content":[]}}

data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"apply_patch","input":{}}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"input\": \"a \\"}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\"b\\n\"}"}}

data: {"type":"content_block_stop","index":0}

data: {"type":"message_delta","delta":{"stop_reason":"tool_use"}}

data: {"type":"message_stop"}

)";
  const std::string_view chat =
      R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"apply_patch","arguments":""}}]}}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"input\": \"a \\"}}]}}]}

data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"b\\n\"}"}}]}}]}

data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: [DONE]

)";
  for (const auto& [from, answer] : {std::pair(kMessages, messages), std::pair(kChat, chat)}) {
    const auto item = test::parse_json(codex_gets(from, answer))["output"][0];
    EXPECT_EQ(item["type"], "custom_tool_call");
    EXPECT_EQ(item["input"], "a \"b\n");
  }
}

// codex puts the tools of an MCP server in a namespace, and finds the server by it.
TEST(AgentsTest, AToolOfANamespaceIsCalledInIt) {
  const std::string_view asked = R"({"input":[
      {"type":"message","role":"user","content":[{"type":"input_text","text":"a"}]},
      {"type":"function_call","call_id":"c","namespace":"mcp__tickets","name":"search",
        "arguments":"{}"},
      {"type":"function_call_output","call_id":"c","output":"b"}],
      "tools":[{"type":"namespace","name":"mcp__tickets","description":"Tickets","tools":[
        {"type":"function","name":"search","strict":false,"parameters":{"type":"object"}}]}]})";
  const auto sent = test::parse_json(transcode_request(kResponses, kMessages, asked, kVendor));
  EXPECT_EQ(sent["tools"].size(), 1u);
  EXPECT_EQ(sent["tools"][0]["name"], "mcp__tickets__search");
  EXPECT_EQ(sent["messages"][1]["content"][0]["name"], "mcp__tickets__search");
  const auto own = test::parse_json(transcode_request(kResponses, kResponses, asked, kVendor));
  EXPECT_EQ(own["tools"], test::parse_json(asked)["tools"]);
  EXPECT_EQ(own["input"][1]["namespace"], "mcp__tickets");
  EXPECT_EQ(own["input"][1]["name"], "search");
  const std::string_view answer =
      R"(data: {"type":"message_start","message":{"id":"msg_1","model":"m","content":[]}}

data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"mcp__tickets__search","input":{}}}

data: {"type":"content_block_stop","index":0}

data: {"type":"message_delta","delta":{"stop_reason":"tool_use"}}

data: {"type":"message_stop"}

)";
  const auto item = test::parse_json(codex_gets(kMessages, answer, asked))["output"][0];
  EXPECT_EQ(item["name"], "search");
  EXPECT_EQ(item["namespace"], "mcp__tickets");
}

}  // namespace
}  // namespace omni::llm
