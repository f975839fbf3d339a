// What upstreams do to their streams, and what each client may be told of it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "test/support/answer_samples.h"
#include "test/support/every_client.h"
#include "test/support/json.h"

namespace omni::test {
namespace {

using nlohmann::json;

void expect_failure(Dialect from, std::string_view bytes, std::string_view message) {
  for_every_client(from, bytes, [&](const Told& told, ClientKind kind, const std::string& out) {
    EXPECT_EQ(told.finish, "") << out;
    EXPECT_FALSE(told.is_finished) << out;
    // The body of a plain answer's error is the gateway's.
    EXPECT_EQ(told.error, kind.form == Form::kPlain ? "It broke off." : message) << out;
  });
}

std::string chunk(std::string_view delta, std::string_view finish = "null",
                  std::string_view more = "") {
  return chat_chunk(delta, finish, more);
}
const std::string kDone(kChatDone);
std::string event(std::string_view type, std::string_view rest) { return typed_event(type, rest); }

// The sample up to where its text begins to be said.
std::string up_to_text(Dialect dialect) {
  const std::string& stream = answer_sample(dialect).stream;
  const std::string_view end = dialect == Dialect::kOllama ? "\n" : "\n\n";
  return stream.substr(0, stream.find(end, stream.find("Ol\\u00e1")) + end.size());
}

TEST(StreamIntegrityTest, AnErrorEventInTheMiddleIsTheEnd) {
  const struct {
    Dialect from;
    std::string event;
  } cases[] = {
      {Dialect::kOpenai, "data: {\"error\":{\"message\":\"Too \\\"busy\\\"\",\"code\":\"x\"}}\n\n"},
      {Dialect::kOpenai, "data: {\"error\":\"Too \\\"busy\\\"\"}\n\n"},
      {Dialect::kAnthropic,
       event("error", R"("error":{"type":"overloaded_error","message":"Too \"busy\""})")},
      {Dialect::kOpenaiResponses, event("error", R"("code":"x","message":"Too \"busy\"")")},
      {Dialect::kOpenaiResponses,
       event("response.failed",
             R"("response":{"status":"failed","error":{"code":"x","message":"Too \"busy\""}})")},
      {Dialect::kGemini,
       "data: {\"error\":{\"code\":503,\"message\":\"Too \\\"busy\\\"\",\"status\":\"X\"}}\n\n"},
      {Dialect::kOllama, "{\"error\":\"Too \\\"busy\\\"\"}\n"}};
  for (const auto& [from, error] : cases) {
    expect_failure(from, up_to_text(from) + error, "Too \"busy\"");
    // Whatever comes behind it, an end too, is not told.
    expect_failure(from, up_to_text(from) + error + answer_sample(from).stream, "Too \"busy\"");
  }
}

TEST(StreamIntegrityTest, AStreamThatOnlyBeginsIsNoAnswer) {
  expect_failure(Dialect::kOpenai, "", "It broke off.");
  expect_failure(Dialect::kOpenai, chunk(R"({"role":"assistant","content":""})"), "It broke off.");
  expect_failure(Dialect::kOpenai, ": waiting\n\n: waiting\n\n", "It broke off.");
  const std::string& claude = answer_sample(Dialect::kAnthropic).stream;
  expect_failure(Dialect::kAnthropic, claude.substr(0, claude.find("\n\n") + 2), "It broke off.");
  expect_failure(Dialect::kGemini, "data: {\"candidates\":[],\"modelVersion\":\"m\"}\n\n",
                 "It broke off.");
  expect_failure(Dialect::kOllama,
                 "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},"
                 "\"done\":false}\n",
                 "It broke off.");
}

TEST(StreamIntegrityTest, AnAnswerOfNothingThatIsDoneIsOne) {
  for_every_client(Dialect::kOpenai, kChatDone,
                   [](const Told& told, ClientKind, const std::string& out) {
                     EXPECT_TRUE(told.is_finished) << out;
                     EXPECT_EQ(told.text, "");
                   });
}

TEST(StreamIntegrityTest, AnAnswerThatNobodyBeganIsOneAllTheSame) {
  const std::string_view head = "event: message_start\n";
  const std::string& claude = answer_sample(Dialect::kAnthropic).stream;
  ASSERT_EQ(claude.substr(0, head.size()), head);
  const std::string& response = answer_sample(Dialect::kOpenaiResponses).stream;
  const struct {
    Dialect from;
    std::string stream;
  } cases[] = {
      {Dialect::kAnthropic, claude.substr(claude.find("\n\n") + 2)},
      {Dialect::kOpenaiResponses, response.substr(response.find("event: response.output_item"))}};
  for (const auto& [from, stream] : cases)
    for_every_client(from, stream, [](const Told& told, ClientKind, const std::string& out) {
      EXPECT_TRUE(told.is_finished) << out;
      EXPECT_EQ(told.text, kSampleText) << out;
      EXPECT_EQ(told.calls.size(), 2u) << out;
    });
}

TEST(StreamIntegrityTest, DoneInsideContentIsContent) {
  const std::string text = R"(data: [DONE]\n\nevent: message_stop\ndata: {\"done\":true}\n)";
  const std::string stream = chunk(R"({"role":"assistant","content":")" + text + R"("})") +
                             chunk("{}", "\"stop\"") + kDone;
  for_every_client(Dialect::kOpenai, stream, [](const Told& told, ClientKind, const std::string&) {
    EXPECT_TRUE(told.is_finished);
    EXPECT_EQ(told.text, "data: [DONE]\n\nevent: message_stop\ndata: {\"done\":true}\n");
  });
  expect_failure(Dialect::kOpenai, chunk(R"({"role":"assistant","content":")" + text + R"("})"),
                 "It broke off.");
}

TEST(StreamIntegrityTest, AnEmptyRowOfCallsBesideTextIsNothing) {
  const std::string stream = chunk(R"({"role":"assistant","content":"","tool_calls":[]})") +
                             chunk(R"({"content":"one ","tool_calls":[]})") +
                             chunk(R"({"content":"two","tool_calls":[]})") +
                             chunk(R"({"tool_calls":[]})", "\"stop\"") + kDone;
  for_every_client(Dialect::kOpenai, stream, [](const Told& told, ClientKind, const std::string&) {
    EXPECT_EQ(told.text, "one two");
    EXPECT_TRUE(told.calls.empty());
    EXPECT_TRUE(told.finish == "stop" || told.finish == "end_turn" || told.finish == "completed" ||
                told.finish == "STOP")
        << told.finish;
  });
}

TEST(StreamIntegrityTest, ArgumentsInTheLastEventOnlyArrive) {
  const auto expect_call = [](const Told& told, ClientKind, const std::string& out) {
    ASSERT_EQ(told.calls.size(), 1u) << out;
    EXPECT_EQ(told.calls[0].id, "call_a");
    EXPECT_EQ(told.calls[0].arguments, (json{{"a", {1, 2}}})) << out;
    EXPECT_EQ(told.upstream_fault, "");
  };
  // Beside the finish reason, behind it, and without a name until then.
  const std::string begin = chunk(
      R"({"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"f","arguments":""}}]})");
  const std::string arguments =
      R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":[1,2]}"}}]})";
  for (
      const std::string& stream :
      {begin + chunk(arguments, "\"tool_calls\"") + kDone,
       begin + chunk("{}", "\"tool_calls\"") + chunk(arguments) + kDone,
       chunk(
           R"({"tool_calls":[{"index":0,"id":"call_a","function":{"arguments":"{\"a\":[1,2]}"}}]})") +
           chunk(R"({"tool_calls":[{"index":0,"function":{"name":"f"}}]})", "\"tool_calls\"") +
           kDone})
    for_every_client(Dialect::kOpenai, stream, expect_call);
  // In the block's beginning, as servers do that do not stream arguments.
  for_every_client(
      Dialect::kAnthropic,
      event("message_start", R"("message":{"id":"m","model":"c","content":[]})") +
          event(
              "content_block_start",
              R"("index":0,"content_block":{"type":"tool_use","id":"call_a","name":"f","input":{"a":[1,2]}})") +
          event("content_block_stop", R"("index":0)") +
          event("message_delta", R"("delta":{"stop_reason":"tool_use"},"usage":{})") +
          event("message_stop", ""),
      expect_call);
  for_every_client(
      Dialect::kOpenaiResponses,
      event("response.created", R"("response":{"id":"r","status":"in_progress"})") +
          event(
              "response.completed",
              R"("response":{"id":"r","status":"completed","output":[{"type":"function_call","id":"fc","call_id":"call_a","name":"f","arguments":"{\"a\":[1,2]}"}]})"),
      expect_call);
}

TEST(StreamIntegrityTest, CountsOnEveryChunkEndNothing) {
  const auto counts = [](int output) {
    return fmt::format(
        R"(,"usage":{{"prompt_tokens":10,"completion_tokens":{},"total_tokens":{}}})", output,
        output + 10);
  };
  const std::string chat = chunk(R"({"role":"assistant","content":"one "})", "null", counts(1)) +
                           chunk(R"({"content":"two "})", "null", counts(2)) +
                           chunk(R"({"content":"three"})", "null", counts(3)) +
                           chunk("{}", "\"stop\"", counts(3)) + kDone;
  const auto line = [](std::string_view text, int output, std::string_view end) {
    return fmt::format(
        "{{\"model\":\"m\",\"message\":{{\"role\":\"assistant\",\"content\":\"{}\"}},"
        "\"prompt_eval_count\":10,\"eval_count\":{},{}}}\n",
        text, output, end);
  };
  const std::string lines = line("one ", 1, R"("done":false)") +
                            line("two ", 2, R"("done":false)") +
                            line("three", 3, R"("done":true,"done_reason":"stop")");
  const auto content = [](std::string_view text, int output, std::string_view end) {
    return fmt::format(
        "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{}\"}}]}}{}}}],"
        "\"usageMetadata\":{{\"promptTokenCount\":10,\"candidatesTokenCount\":{},"
        "\"totalTokenCount\":{}}}}}\n\n",
        text, end, output, output + 10);
  };
  const std::string contents = content("one ", 1, "") + content("two ", 2, "") +
                               content("three", 3, R"(,"finishReason":"STOP")");
  for (const auto& [from, stream] :
       {std::pair(Dialect::kOpenai, chat), std::pair(Dialect::kOllama, lines),
        std::pair(Dialect::kGemini, contents)})
    for_every_client(from, stream, [](const Told& told, ClientKind, const std::string& out) {
      EXPECT_EQ(told.text, "one two three") << out;
      EXPECT_TRUE(told.is_finished);
      EXPECT_EQ(told.input, 10) << out;
      EXPECT_EQ(told.output, 3) << out;
    });
}

// Split inside a character of four bytes, and inside each token of the JSON around it.
TEST(StreamIntegrityTest, APieceMayEndInsideACharacterOrAToken) {
  for (const AnswerSample& sample : answer_samples()) {
    const std::string_view stream = sample.stream;
    const size_t at = stream.find("\xF0\x9F\x98\x80");
    ASSERT_NE(at, std::string_view::npos);
    Relay whole(sample.dialect), split(sample.dialect);
    whole.feed(stream);
    whole.finish();
    for (size_t begin = 0; begin < at - 40; begin += at - 40) split.feed(stream.substr(0, at - 40));
    for (size_t i = at - 40; i < at + 40; ++i) split.feed(stream.substr(i, 1));
    split.feed(stream.substr(at + 40));
    split.finish();
    for (size_t i = 0; i < whole.kinds().size(); ++i)
      EXPECT_EQ(split.out(i), whole.out(i)) << omni::name_of(sample.dialect);
  }
}

// What ends a stream of each dialect, around a text of any size.
std::string long_stream(Dialect dialect, std::string_view text) {
  switch (dialect) {
    case Dialect::kOpenai:
      return chunk(fmt::format(R"({{"role":"assistant","content":"{}"}})", text)) +
             chunk("{}", "\"stop\"") + kDone;
    case Dialect::kAnthropic:
      return event("message_start", R"("message":{"id":"m","model":"c","content":[]})") +
             event("content_block_start",
                   R"("index":0,"content_block":{"type":"text","text":""})") +
             event("content_block_delta",
                   fmt::format(R"("index":0,"delta":{{"type":"text_delta","text":"{}"}})", text)) +
             event("content_block_stop", R"("index":0)") +
             event("message_delta", R"("delta":{"stop_reason":"end_turn"},"usage":{})") +
             event("message_stop", "");
    case Dialect::kOpenaiResponses:
      return event("response.created", R"("response":{"id":"r","status":"in_progress"})") +
             event("response.output_text.delta",
                   fmt::format(R"("output_index":0,"content_index":0,"delta":"{}")", text)) +
             event("response.completed", R"("response":{"id":"r","status":"completed"})");
    case Dialect::kGemini:
      return fmt::format(
          "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{}\"}}]}},"
          "\"finishReason\":\"STOP\"}}]}}\n\n",
          text);
    default:
      return fmt::format(
          "{{\"model\":\"m\",\"message\":{{\"role\":\"assistant\",\"content\":\"{}\"}},"
          "\"done\":true}}\n",
          text);
  }
}

TEST(StreamIntegrityTest, AnEventOfTwoMegabytesIsRelayed) {
  const std::string text(2 << 20, 'x');
  for (const Dialect from : kDialects) {
    const std::string stream = long_stream(from, text);
    Relay relay(from);
    const auto begin = std::chrono::steady_clock::now();
    // As it comes from a socket.
    for (size_t at = 0; at < stream.size(); at += 1400)
      relay.feed(std::string_view(stream).substr(at, 1400));
    relay.finish();
    // A second look at all that waits, once for each piece, would take minutes.
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
    EXPECT_TRUE(relay.is_done()) << omni::name_of(from);
    for (size_t i = 0; i < relay.kinds().size(); ++i)
      EXPECT_NE(relay.out(i).find(text), std::string::npos)
          << omni::name_of(from) << " to " << name_of(relay.kinds()[i]);
  }
}

TEST(StreamIntegrityTest, AnEventBeyondTheBoundIsAnErrorAndDoesNotGrow) {
  for (const Dialect from : kDialects) {
    const std::string stream = long_stream(from, std::string(1 << 20, 'x'));
    for (const size_t piece : {size_t{1400}, stream.size()}) {
      Relay relay(from, client_kinds(), nullptr, 256 << 10);
      size_t fed = 0;
      for (; fed < stream.size() && relay.status().ok(); fed += piece)
        relay.feed(std::string_view(stream).substr(fed, piece));
      EXPECT_FALSE(relay.status().ok()) << omni::name_of(from) << " in pieces of " << piece;
      EXPECT_LE(fed, std::max<size_t>(piece, 300 << 10)) << "told as soon as it is known";
      relay.finish();
      EXPECT_FALSE(relay.is_done());
      for (size_t i = 0; i < relay.kinds().size(); ++i)
        EXPECT_EQ(read_as_client(relay.kinds()[i], relay.out(i)).error, "It broke off.");
    }
  }
}

}  // namespace
}  // namespace omni::test
