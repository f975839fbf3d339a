// What went wrong in other gateways with thoughts and their proofs, row by row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

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
                  kGemini = Dialect::kGemini, kOllama = Dialect::kOllama;

// An answer of `upstream`, kept by the client and sent back.
std::string next_turn(Dialect upstream, ClientKind client, const Relay& relay, size_t i,
                      const llm::RequestOptions& options) {
  const Told told = read_as_client(client, relay.out(i));
  EXPECT_EQ(told.problem, "");
  return transcode_request(client.dialect, upstream, next_request(client.dialect, told), options);
}

TEST(Pitfalls, Pitfall25_EarlierThoughtsAreNeitherLostNorSaidAloud) {
  const std::string_view history = R"({"model":"m","max_tokens":9000,"messages":[
      {"role":"user","content":"q"},{"role":"assistant","content":[
        {"type":"thinking","thinking":"SECRET","signature":"sig"},{"type":"text","text":"aloud"}]},
      {"role":"user","content":"next"}]})";
  const json chat =
      parse_json(transcode_request(kMessages, kChat, history)
                     .substr(0, transcode_request(kMessages, kChat, history).find("\nDROPPED")));
  EXPECT_EQ(chat["messages"][1]["content"], "aloud");
  EXPECT_EQ(chat["messages"][1]["reasoning_content"], "SECRET");
  for (const Dialect to : kDialects) {
    const std::string sent =
        transcode_request(kMessages, to, history, {.model = "m", .is_strict = true});
    EXPECT_THAT(sent, Not(HasSubstr("aloud SECRET")));
    EXPECT_THAT(sent, Not(HasSubstr("SECRETaloud")));
    if (to == kMessages) continue;
    EXPECT_THAT(sent, Not(HasSubstr(R"("sig")"))) << "no provider gets another one's proof";
    EXPECT_THAT(sent, HasSubstr("\nDROPPED")) << "and the client is told";
  }
}

TEST(Pitfalls, Pitfall26_ASignatureOnAPartOfItsOwnComesBack) {
  const auto content = [](std::string_view part, std::string_view end = "") {
    return fmt::format("data: {{\"candidates\":[{{\"content\":{{\"parts\":[{}]}}{}}}]}}\n\n", part,
                       end);
  };
  const std::string stream =
      content(R"({"text":"a"})") +
      content(R"({"functionCall":{"id":"c","name":"f","args":{}},)"
              R"("thoughtSignature":"Q0FMTA=="})") +
      content(R"({"text":"","thoughtSignature":"RU5E"})", R"(,"finishReason":"STOP")");
  Relay relay(kGemini);
  relay.feed(stream);
  relay.finish();
  for (size_t i = 0; i < relay.kinds().size(); ++i) {
    const ClientKind kind = relay.kinds()[i];
    const std::string sent = next_turn(kGemini, kind, relay, i, {.model = "gemini-3-pro"});
    // Its messages have no place for proofs: the vendor's own word for a lost one stands there.
    const bool keeps = kind.dialect != kOllama;
    EXPECT_EQ(sent.find("Q0FMTA==") != std::string::npos, keeps) << name_of(kind) << sent;
    EXPECT_EQ(sent.find("RU5E") != std::string::npos, keeps) << name_of(kind) << sent;
    EXPECT_EQ(sent.find("skip_thought_signature_validator") != std::string::npos, !keeps)
        << name_of(kind) << sent;
  }
}

TEST(Pitfalls, Pitfall27_ATurnOpensWithItsThought) {
  Relay relay(kMessages);
  relay.feed(answer_sample(kMessages).stream);
  relay.finish();
  for (size_t i = 0; i < relay.kinds().size(); ++i) {
    const ClientKind kind = relay.kinds()[i];
    if (kind.dialect == kOllama) continue;
    const std::string sent = next_turn(kMessages, kind, relay, i, {.model = "claude"});
    const json request = parse_json_if_valid(sent.substr(0, sent.find("\nDROPPED")));
    ASSERT_TRUE(request.is_object()) << sent;
    EXPECT_EQ(request["messages"][1]["content"][0]["type"], "thinking") << name_of(kind);
    EXPECT_EQ(request["messages"][1]["content"][0]["signature"], "Ab+/9==") << name_of(kind);
  }
  // Where the client has lost it, thinking is off for this turn: the vendor answers 400 else.
  const std::string lost = transcode_request(kChat, kMessages, R"({"model":"m","max_tokens":9000,
    "reasoning_effort":"low","messages":[{"role":"user","content":"a"},
    {"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f"}}]},
    {"role":"tool","tool_call_id":"c","content":"r"}]})");
  EXPECT_THAT(lost, Not(HasSubstr("thinking")));
  EXPECT_THAT(lost, HasSubstr("DROPPED reasoning_effort"));
}

TEST(Pitfalls, Pitfall28_AThoughtThatIsNothingButItsProofSurvives) {
  const std::string stream =
      typed_event("message_start", R"("message":{"id":"m","model":"c","content":[]})") +
      block_start(0, R"({"type":"thinking","thinking":"","signature":""})") +
      block_delta(0, R"({"type":"signature_delta","signature":"bG9uZQ=="})") + block_stop(0) +
      block_start(1, R"({"type":"redacted_thinking","data":"cmVk"})") + block_stop(1) +
      block_start(2, R"({"type":"text","text":""})") +
      block_delta(2, R"({"type":"text_delta","text":"4"})") + block_stop(2) +
      typed_event("message_delta", R"("delta":{"stop_reason":"end_turn"},"usage":{})") +
      typed_event("message_stop");
  Relay relay(kMessages);
  relay.feed(stream);
  relay.finish();
  for (size_t i = 0; i < relay.kinds().size(); ++i) {
    const ClientKind kind = relay.kinds()[i];
    if (kind.dialect == kOllama) continue;
    const std::string sent = next_turn(kMessages, kind, relay, i, {.model = "claude"});
    EXPECT_THAT(sent, HasSubstr(R"({"type":"thinking","thinking":"","signature":"bG9uZQ=="},)"
                                R"({"type":"redacted_thinking","data":"cmVk"})"))
        << name_of(kind);
  }
}

}  // namespace
}  // namespace omni::test
