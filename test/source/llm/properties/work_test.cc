// Ten times as much takes about ten times as long, for every pair of dialects: what looks at all
// that was said before, once for each piece, would take a hundred times as long.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <variant>

#include "source/llm/codec.h"
#include "test/support/dialect_names.h"
#include "test/support/relay.h"

namespace omni::test {
namespace {

// Far from 10, where a busy machine may take it, and far from 100.
constexpr double kMostPerTenfold = 45;

template <typename Work>
double seconds_of(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

template <typename Work>
void expect_linear(int small, Work work, std::string_view what) {
  double one = 0, ten = 0;
  // What else the machine does only adds, and not every time.
  for (int i = 0; i < 4; ++i) {
    one = seconds_of([&] { work(small); });
    ten = seconds_of([&] { work(small * 10); });
    if (ten < one * kMostPerTenfold) return;
  }
  ADD_FAILURE() << what << ": " << one << " s, then " << ten << " s";
}

// A conversation of `turns` turns, each with a call and its result, in the words of Chat
// Completions.
std::string conversation(int messages) {
  std::string out = R"({"model":"m","max_tokens":99,"messages":[{"role":"system","content":"S"})";
  for (int i = 0; i < messages / 3; ++i)
    out += fmt::format(
        R"(,{{"role":"user","content":"What of {0}?"}},{{"role":"assistant","content":null,)"
        R"("tool_calls":[{{"id":"call_{0}","type":"function","function":{{"name":"f{1}",)"
        R"("arguments":"{{\"a\":{0}}}"}}}}]}},{{"role":"tool","tool_call_id":"call_{0}","content":"r{0}"}})",
        i, i % 7);
  return out + "]}";
}

std::string write(Dialect from, Dialect to, std::string_view body) {
  llm::Request request;
  const auto error = llm::decode_request(from, body, request);
  EXPECT_FALSE(error.has_value()) << error->message;
  auto result = llm::encode_request(to, request, {.model = "m"});
  EXPECT_TRUE(std::holds_alternative<llm::EncodedRequest>(result));
  return std::get<llm::EncodedRequest>(std::move(result)).body;
}

std::string event(std::string_view type, std::string_view rest) {
  return fmt::format("event: {0}\ndata: {{\"type\":\"{0}\",{1}}}\n\n", type, rest);
}
std::string chat_chunk(std::string_view delta) {
  return fmt::format(
      "data: "
      "{{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{},\"finish_reason\":null}}]}}\n\n",
      delta);
}
std::string content_chunk(std::string_view part, std::string_view end = "") {
  return fmt::format("data: {{\"candidates\":[{{\"content\":{{\"parts\":[{}]}}{}}}]}}\n\n", part,
                     end);
}
std::string line(std::string_view message, std::string_view done = "false") {
  return fmt::format("{{\"model\":\"m\",\"message\":{{\"role\":\"assistant\",{}}},\"done\":{}}}\n",
                     message, done);
}

// A call, then thoughts and texts by turns: every event begins a part behind what must be
// remembered.
std::string restless_stream(Dialect from, int events) {
  std::string out;
  switch (from) {
    case Dialect::kOpenai:
      out = chat_chunk(
          R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]})");
      for (int i = 0; i < events; ++i)
        out += chat_chunk(i % 2 == 0 ? R"({"content":"word "})" : R"({"reasoning_content":"hm "})");
      return out + "data: [DONE]\n\n";
    case Dialect::kAnthropic: {
      out = event("message_start", R"("message":{"id":"m","model":"c","content":[]})");
      const auto block = [&](int index, std::string_view content, std::string_view delta) {
        out += event("content_block_start",
                     fmt::format(R"("index":{},"content_block":{})", index, content));
        out += event("content_block_delta", fmt::format(R"("index":{},"delta":{})", index, delta));
        out += event("content_block_stop", fmt::format(R"("index":{})", index));
      };
      block(0, R"({"type":"tool_use","id":"a","name":"f","input":{}})",
            R"({"type":"input_json_delta","partial_json":"{}"})");
      for (int i = 1; i < events / 3; ++i)
        block(i, R"({"type":"text","text":""})", R"({"type":"text_delta","text":"word "})");
      return out + event("message_delta", R"("delta":{"stop_reason":"end_turn"},"usage":{})") +
             event("message_stop", R"("x":1)");
    }
    case Dialect::kOpenaiResponses:
      out =
          event("response.created", R"("response":{"id":"r","status":"in_progress"})") +
          event(
              "response.output_item.done",
              R"("output_index":0,"item":{"type":"function_call","call_id":"a","name":"f","arguments":"{}"})");
      for (int i = 1; i < events; ++i)
        out += event(
            i % 2 == 0 ? "response.output_text.delta" : "response.reasoning_summary_text.delta",
            fmt::format(R"("output_index":{},"content_index":0,"summary_index":0,"delta":"word ")",
                        i));
      return out + event("response.completed", R"("response":{"id":"r","status":"completed"})");
    case Dialect::kGemini:
      out = content_chunk(R"({"functionCall":{"name":"f","args":{}}})");
      for (int i = 0; i < events; ++i)
        out +=
            content_chunk(i % 2 == 0 ? R"({"text":"word "})" : R"({"text":"hm ","thought":true})");
      return out + content_chunk(R"({"text":""})", R"(,"finishReason":"STOP")");
    default:
      out = line(R"("tool_calls":[{"function":{"name":"f","arguments":{}}}])");
      for (int i = 0; i < events; ++i)
        out += line(i % 2 == 0 ? R"("content":"word ")" : R"("content":"","thinking":"hm ")");
      return out + line(R"("content":"")", "true");
  }
}

// The arguments of one call in many pieces.
std::string steady_stream(Dialect from, int events) {
  std::string out;
  if (from == Dialect::kOpenai) {
    const auto piece = [&](std::string_view text) {
      out += chat_chunk(
          fmt::format(R"({{"tool_calls":[{{"index":0,"function":{{"arguments":"{}"}}}}]}})", text));
    };
    out = chat_chunk(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f"}}]})");
    piece(R"({\"a\":[)");
    for (int i = 0; i < events; ++i) piece(R"(\"word\",)");
    piece("1]}");
    return out + "data: [DONE]\n\n";
  }
  const auto piece = [&](std::string_view text) {
    out +=
        event("content_block_delta",
              fmt::format(R"("index":0,"delta":{{"type":"input_json_delta","partial_json":"{}"}})",
                          text));
  };
  out = event("message_start", R"("message":{"id":"m","model":"c","content":[]})") +
        event("content_block_start",
              R"("index":0,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}})");
  piece(R"({\"a\":[)");
  for (int i = 0; i < events; ++i) piece(R"(\"word\",)");
  piece("1]}");
  return out + event("content_block_stop", R"("index":0)") +
         event("message_delta", R"("delta":{"stop_reason":"end_turn"},"usage":{})") +
         event("message_stop", R"("x":1)");
}

class WorkTest : public testing::TestWithParam<Dialect> {
 protected:
  static void expect_relayed(const std::string& stream, ClientKind to) {
    Relay relay(GetParam(), {to});
    relay.feed(stream);
    relay.finish();
    ASSERT_TRUE(relay.is_done()) << name_of(to) << " " << relay.status();
  }
};

TEST_P(WorkTest, OfARequestGrowsWithItsMessages) {
  const std::string some = write(Dialect::kOpenai, GetParam(), conversation(300));
  const std::string many = write(Dialect::kOpenai, GetParam(), conversation(3000));
  for (const Dialect to : kDialects)
    expect_linear(
        300, [&](int messages) { write(GetParam(), to, messages == 300 ? some : many); },
        fmt::format("a request to {}", omni::name_of(to)));
}

TEST_P(WorkTest, OfAStreamGrowsWithItsEvents) {
  const std::string some = restless_stream(GetParam(), 2000);
  const std::string many = restless_stream(GetParam(), 20000);
  for (const ClientKind& to : client_kinds())
    expect_linear(
        2000, [&](int events) { expect_relayed(events == 2000 ? some : many, to); },
        fmt::format("a restless stream to {}", name_of(to)));
}

// Of those that send arguments in pieces.
class PiecesWorkTest : public WorkTest {};

TEST_P(PiecesWorkTest, OfOneCallGrowsWithItsPieces) {
  const std::string some = steady_stream(GetParam(), 2000);
  const std::string many = steady_stream(GetParam(), 20000);
  for (const ClientKind& to : client_kinds())
    expect_linear(
        2000, [&](int events) { expect_relayed(events == 2000 ? some : many, to); },
        fmt::format("one call to {}", name_of(to)));
}

INSTANTIATE_TEST_SUITE_P(Dialects, PiecesWorkTest,
                         testing::Values(Dialect::kOpenai, Dialect::kAnthropic), dialect_test_name);
INSTANTIATE_TEST_SUITE_P(Dialects, WorkTest, testing::ValuesIn(kDialects), dialect_test_name);

}  // namespace
}  // namespace omni::test
