// What went wrong in other gateways with prompt caches and counts, row by row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "source/llm/call.h"
#include "test/support/answer_samples.h"
#include "test/support/every_client.h"
#include "test/support/json.h"
#include "test/support/transcode.h"

namespace omni::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr Dialect kChat = Dialect::kOpenai, kMessages = Dialect::kAnthropic,
                  kOllama = Dialect::kOllama;

json sent_json(const std::string& sent) {
  return parse_json_if_valid(sent.substr(0, sent.find("\nDROPPED")));
}

const json kMark = {{"type", "ephemeral"}};

TEST(Pitfalls, Pitfall29_MarkersOnCallsAndResultsReachTheProvider) {
  const json sent = sent_json(transcode_request(kChat, kMessages, R"({"model":"m","messages":[
      {"role":"user","content":"q"},
      {"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function",
        "function":{"name":"f","arguments":"{}"},"cache_control":{"type":"ephemeral"}}]},
      {"role":"tool","tool_call_id":"a","content":"r","cache_control":{"type":"ephemeral"}}]})"));
  EXPECT_EQ(sent["messages"][1]["content"][0]["cache_control"], kMark);
  EXPECT_EQ(sent["messages"][2]["content"][0]["cache_control"], kMark);
  EXPECT_EQ(sent["messages"][0]["content"][0].count("cache_control"), 0u) << "none of ours beside";
}

// The vendor takes four markers: one that is told twice is one too many.
TEST(Pitfalls, Pitfall30_MarkersOnToolsSystemAndInsideResultsStayOnce) {
  const std::string body = R"({"model":"target-model","max_tokens":9,
    "system":[{"type":"text","text":"S","cache_control":{"type":"ephemeral"}}],
    "tools":[{"name":"f","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}}],
    "messages":[{"role":"user","content":[{"type":"text","text":"q"}]},
      {"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[
        {"type":"text","text":"r","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]}]})";
  EXPECT_EQ(canonical(transcode_request(kMessages, kMessages, body)), canonical(body));
  const std::string chat = transcode_request(kChat, kMessages, R"({"model":"m","messages":[
      {"role":"system","content":[{"type":"text","text":"S","cache_control":{"type":"ephemeral"}}]},
      {"role":"user","content":"q"},
      {"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function",
        "function":{"name":"f","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"a","content":[
        {"type":"text","text":"r","cache_control":{"type":"ephemeral"}}]}],
      "tools":[{"type":"function","function":{"name":"f"},"cache_control":{"type":"ephemeral"}}]})");
  size_t markers = 0;
  for (size_t at = 0; (at = chat.find("cache_control", at)) != std::string::npos; ++at) ++markers;
  EXPECT_EQ(markers, 3u) << chat;
}

TEST(Pitfalls, Pitfall31_AChatClientsPrefixIsMarkedForTheProvider) {
  const std::string_view body = R"({"model":"m","messages":[{"role":"system","content":"S"},
      {"role":"user","content":"q"},{"role":"assistant","content":"a"},
      {"role":"user","content":"last"}]})";
  const json sent = sent_json(transcode_request(kChat, kMessages, body));
  EXPECT_EQ(sent["system"][0]["cache_control"], kMark);
  EXPECT_EQ(sent["messages"][2]["content"][0]["cache_control"], kMark);
  EXPECT_EQ(sent["messages"][0]["content"][0].count("cache_control"), 0u);
  EXPECT_THAT(
      transcode_request(kChat, kMessages, body, {.model = "m", .adds_cache_control = false}),
      Not(HasSubstr("cache_control")));
  // A client that can ask for it is not spoken for.
  EXPECT_THAT(transcode_request(kMessages, kMessages,
                                R"({"model":"m","max_tokens":9,"messages":[
                                    {"role":"user","content":"q"}]})"),
              Not(HasSubstr("cache_control")));
}

// Two requests of one conversation in the dialect `from`, the second with a turn more.
std::pair<std::string, std::string> growing(Dialect from) {
  constexpr std::string_view kChatBody =
      R"({"model":"m","max_tokens":99,"messages":[{"role":"system","content":"S"},
      {"role":"user","content":"q"},{"role":"assistant","content":"I look.","tool_calls":[
        {"id":"a1","type":"function","function":{"name":"f","arguments":"{\"a\": 1.0}"}},
        {"id":"a2","type":"function","function":{"name":"f","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"a1","content":"r1"},
      {"role":"tool","tool_call_id":"a2","content":"r2"},{"role":"user","content":"LAST"})";
  constexpr std::string_view kEnd =
      R"(],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]})";
  const auto body = [&](std::string_view more) {
    return transcode_request(kChat, from, fmt::format("{}{}{}", kChatBody, more, kEnd),
                             {.model = "m", .adds_cache_control = false});
  };
  return {body(""),
          body(R"(,{"role":"assistant","content":"b"},{"role":"user","content":"more"})")};
}

TEST(Pitfalls, Pitfall32_AnEarlierPartOfAConversationKeepsItsBytes) {
  for (const Dialect from : kDialects) {
    const auto [before, after] = growing(from);
    for (const Dialect to : kDialects) {
      const llm::RequestOptions options{.model = "target", .adds_cache_control = false};
      const std::string one = transcode_request(from, to, before, options);
      const std::string two = transcode_request(from, to, after, options);
      const size_t end = one.find("LAST");
      ASSERT_NE(end, std::string::npos) << one;
      EXPECT_EQ(two.substr(0, end + 4), one.substr(0, end + 4))
          << omni::name_of(from) << " to " << omni::name_of(to);
    }
  }
}

TEST(Pitfalls, Pitfall33_WhatPassesIsNotTouchedSoThatOnlyTheNewIsNew) {
  const auto [before, after] = growing(kChat);
  const auto passed = [](std::string_view body) {
    llm::Call call;
    EXPECT_FALSE(call.read(Buffer(body), "").has_value());
    return call.render_same_dialect("m", false).to_string();
  };
  EXPECT_EQ(passed(before), before);
  EXPECT_EQ(passed(after), after);
}

TEST(Pitfalls, Pitfall34_CachedTokensAreCountedOnce) {
  for (const AnswerSample& sample : answer_samples())
    for_every_client(sample.dialect, sample.stream,
                     [&](const Told& told, ClientKind kind, const std::string& out) {
                       EXPECT_EQ(told.input, 40) << "30 of them cached";
                       if (sample.has_cached_count && kind.dialect != kOllama) {
                         EXPECT_EQ(told.cached, 30) << out;
                       }
                     });
}

TEST(Pitfalls, Pitfall35_WhatIsKnownAtTheStartStandsInMessageStart) {
  const std::string out =
      relay_stream(kMessages, {kMessages, Form::kStream}, answer_sample(kMessages).stream);
  const std::string start = out.substr(0, out.find("\n\n"));
  EXPECT_THAT(start, HasSubstr(R"("input_tokens":10,"cache_creation_input_tokens":0,)"
                               R"("cache_read_input_tokens":30)"));
}

TEST(Pitfalls, Pitfall36_TheClientSeesItsCacheHits) {
  for (const Dialect from : {kChat, Dialect::kOpenaiResponses, kMessages, Dialect::kGemini})
    for_every_client(from, answer_sample(from).stream,
                     [](const Told& told, ClientKind kind, const std::string&) {
                       // The one dialect without a word for it.
                       EXPECT_EQ(told.cached, kind.dialect == kOllama ? -1 : 30);
                     });
}

TEST(Pitfalls, Pitfall37_AStreamTellsItsOutputTokens) {
  for (const AnswerSample& sample : answer_samples())
    for_every_client(
        sample.dialect, sample.stream,
        [](const Told& told, ClientKind, const std::string&) { EXPECT_EQ(told.output, 18); });
}

}  // namespace
}  // namespace omni::test
