// What went wrong in other gateways' streams and calls, row by row of the list of pitfalls.
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

constexpr Dialect kChat = Dialect::kOpenai, kMessages = Dialect::kAnthropic,
                  kResponses = Dialect::kOpenaiResponses, kGemini = Dialect::kGemini;
const std::string kDone(kChatDone);

bool says_calls(ClientKind kind, const std::string& finish) {
  if (kind.dialect == kChat) return finish == "tool_calls";
  if (kind.dialect == kMessages) return finish == "tool_use";
  if (kind.dialect == kResponses) return finish == "completed";
  return finish == (kind.dialect == kGemini ? "STOP" : "stop");
}
bool says_an_ordinary_end(ClientKind kind, const std::string& finish) {
  if (kind.dialect == kChat) return finish == "stop";
  if (kind.dialect == kMessages) return finish == "end_turn";
  return says_calls(kind, finish);
}

TEST(Pitfalls, Pitfall01And02_AToolsInputArrivesInAStreamAsItDoesPlain) {
  for (const Dialect from : kDialects)
    for_every_client(
        from, answer_sample(from).stream,
        [&](const Told& told, ClientKind kind, const std::string& out) {
          ASSERT_EQ(told.calls.size(), 2u);
          EXPECT_EQ(told.calls[0].arguments, (json{{"city", "T\u014dky\u014d \"1\""}}));
          if (kind.dialect == kMessages && kind.form == Form::kStream) {
            EXPECT_NE(out.find("input_json_delta"), std::string::npos) << out;
          }
        });
}

TEST(Pitfalls, Pitfall03_ArgumentsThatComeWithTheDoneEventOnly) {
  const std::string item =
      R"({"type":"function_call","id":"fc","call_id":"a","name":"f","arguments":"")";
  const std::string stream =
      typed_event("response.created", R"("response":{"id":"r","status":"in_progress"})") +
      typed_event("response.output_item.added", R"("output_index":0,"item":)" + item + "}") +
      typed_event("response.function_call_arguments.done",
                  R"("output_index":0,"item_id":"fc","arguments":"{\"a\":1}")") +
      typed_event("response.completed", R"("response":{"id":"r","status":"completed"})");
  for_every_client(kResponses, stream, [](const Told& told, ClientKind, const std::string&) {
    ASSERT_EQ(told.calls.size(), 1u);
    EXPECT_EQ(told.calls[0].arguments, (json{{"a", 1}}));
  });
}

TEST(Pitfalls, Pitfall04_LargeArgumentsInManyPiecesArriveWhole) {
  std::string stream = chat_chunk(
      R"({"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{\"a\":\""}}]})");
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string piece = fmt::format("{:05} \\\\n\\\\\\\" \u20ac ", i);
    stream += chat_chunk(
        fmt::format(R"({{"tool_calls":[{{"index":0,"function":{{"arguments":"{}"}}}}]}})", piece));
    expected += fmt::format("{:05} \n\" \u20ac ", i);
  }
  stream += chat_chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"\"}"}}]})") +
            chat_chunk("{}", "\"tool_calls\"") + kDone;
  for_every_client(kChat, stream, [&](const Told& told, ClientKind, const std::string&) {
    ASSERT_EQ(told.calls.size(), 1u);
    EXPECT_TRUE(told.calls[0].arguments["a"] == expected);
  });
}

TEST(Pitfalls, Pitfall05_CallsEndInTheWordForCallsAndWithoutAnEmptyText) {
  const std::string stream =
      chat_chunk(R"({"role":"assistant","content":""})") +
      chat_chunk(
          R"({"content":"","tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]})") +
      chat_chunk(R"({"content":""})", "\"stop\"") + kDone;
  for_every_client(kChat, stream, [](const Told& told, ClientKind kind, const std::string& out) {
    EXPECT_TRUE(says_calls(kind, told.finish)) << told.finish;
    EXPECT_EQ(told.calls.size(), 1u);
    if (kind.dialect == kMessages) {
      EXPECT_EQ(out.find(R"("type":"text")"), std::string::npos) << out;
    }
  });
}

TEST(Pitfalls, Pitfall06_AnEmptyRowOfCallsLeavesTextText) {
  const std::string stream = chat_chunk(R"({"content":"hi","tool_calls":[]})") +
                             chat_chunk(R"({"tool_calls":[]})", "\"stop\"") + kDone;
  for_every_client(kChat, stream, [](const Told& told, ClientKind kind, const std::string& out) {
    EXPECT_EQ(told.text, "hi");
    EXPECT_TRUE(told.calls.empty());
    EXPECT_TRUE(says_an_ordinary_end(kind, told.finish)) << told.finish;
    EXPECT_EQ(out.find("input_json_delta"), std::string::npos);
  });
}

TEST(Pitfalls, Pitfall07_CallsWithoutIdNameOrIndexAreStillCalls) {
  const std::string stream =
      chat_chunk(R"({"tool_calls":[{"index":-1,"function":{"arguments":"{\"a\""}}]})") +
      chat_chunk(R"({"tool_calls":[{"index":-1,"function":{"name":"f"}}]})") +
      chat_chunk(R"({"tool_calls":[{"function":{"arguments":":1}"}}]})") +
      chat_chunk("{}", "\"tool_calls\"") + kDone;
  for_every_client(kChat, stream, [](const Told& told, ClientKind, const std::string&) {
    ASSERT_EQ(told.calls.size(), 1u);
    EXPECT_EQ(told.calls[0].name, "f");
    EXPECT_EQ(told.calls[0].arguments, (json{{"a", 1}}));
  });
}

TEST(Pitfalls, Pitfall08_TheFirstTextBehindAThoughtIsNotLost) {
  for (const Dialect from : kDialects)
    for_every_client(from, answer_sample(from).stream,
                     [](const Told& told, ClientKind, const std::string&) {
                       EXPECT_EQ(told.thoughts, kSampleThought);
                       EXPECT_EQ(told.text, kSampleText);
                     });
}

void expect_broken(Dialect from, std::string_view stream) {
  for_every_client(from, stream, [](const Told& told, ClientKind, const std::string&) {
    EXPECT_EQ(told.finish, "");
    EXPECT_FALSE(told.is_finished);
    EXPECT_NE(told.error, "");
  });
}

TEST(Pitfalls, Pitfall09_ATruncatedStreamGetsNoMadeUpFinish) {
  for (const Dialect from : kDialects) {
    const std::string& stream = answer_sample(from).stream;
    expect_broken(from, std::string_view(stream).substr(0, stream.size() / 2));
  }
}

TEST(Pitfalls, Pitfall10_AMessageWithoutItsStopEndsInAnErrorEvent) {
  const std::string& stream = answer_sample(kMessages).stream;
  expect_broken(kMessages, std::string_view(stream).substr(0, stream.find("event: message_stop")));
  const std::string out =
      relay_stream(kMessages, {kMessages, Form::kStream},
                   std::string_view(stream).substr(0, stream.find("event: message_delta")));
  EXPECT_NE(out.find("event: error\ndata: {\"type\":\"error\""), std::string::npos);
}

TEST(Pitfalls, Pitfall12_DoneInsideContentEndsNothing) {
  // Every sample's text holds it.
  ASSERT_NE(kSampleText.find("[DONE]"), std::string_view::npos);
  for (const Dialect from : kDialects)
    for_every_client(from, answer_sample(from).stream,
                     [](const Told& told, ClientKind, const std::string&) {
                       EXPECT_EQ(told.text, kSampleText);
                       EXPECT_EQ(told.calls.size(), 2u) << "behind the text";
                     });
}

TEST(Pitfalls, Pitfall13_CallsAreNumberedAmongCalls) {
  for_every_client(
      kMessages, answer_sample(kMessages).stream,
      [](const Told& told, ClientKind kind, const std::string& out) {
        EXPECT_TRUE(says_calls(kind, told.finish));
        EXPECT_EQ(told.calls.size(), 2u) << "as the finish says";
        if (kind.dialect != kChat || kind.form != Form::kStream) return;
        EXPECT_NE(out.find(R"("tool_calls":[{"index":0,"id":"call_a")"), std::string::npos);
        EXPECT_NE(out.find(R"("tool_calls":[{"index":1,"id":"call_b")"), std::string::npos);
      });
}

TEST(Pitfalls, Pitfall14_TheFragmentBesideTheFinishReasonIsNotLost) {
  const std::string stream =
      chat_chunk(
          R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]})") +
      chat_chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"\"a\":1}"}}]})",
                 "\"tool_calls\"") +
      kDone;
  for_every_client(kChat, stream, [](const Told& told, ClientKind, const std::string&) {
    ASSERT_EQ(told.calls.size(), 1u);
    EXPECT_EQ(told.calls[0].arguments, (json{{"a", 1}}));
  });
}

TEST(Pitfalls, Pitfall15_CallsAndThoughtsThatInterleaveKeepTheirOrder) {
  const std::string thought = R"({"type":"thinking","thinking":"","signature":""})";
  std::string stream =
      typed_event("message_start", R"("message":{"id":"m","model":"c","content":[]})");
  for (int i = 0; i < 4; i += 2)
    stream +=
        block_start(i, thought) +
        block_delta(i, fmt::format(R"({{"type":"thinking_delta","thinking":"t{} "}})", i)) +
        block_delta(i, R"({"type":"signature_delta","signature":"s="})") + block_stop(i) +
        block_start(
            i + 1,
            fmt::format(R"({{"type":"tool_use","id":"c{0}","name":"f{0}","input":{{}}}})", i)) +
        block_delta(i + 1, R"({"type":"input_json_delta","partial_json":"{}"})") +
        block_stop(i + 1);
  stream += typed_event("message_delta", R"("delta":{"stop_reason":"tool_use"},"usage":{})") +
            typed_event("message_stop");
  const auto expect_order = [](const Told& told, ClientKind, const std::string&) {
    ASSERT_EQ(told.calls.size(), 2u);
    EXPECT_EQ(told.calls[0].id + told.calls[0].name, "c0f0");
    EXPECT_EQ(told.calls[1].id + told.calls[1].name, "c2f2");
  };
  for_every_client(kMessages, stream,
                   [&](const Told& told, ClientKind kind, const std::string& out) {
                     expect_order(told, kind, out);
                     EXPECT_EQ(told.thoughts, "t0 t2 ");
                   });
  // Fragments of two calls by turns.
  const auto piece = [](int index, std::string_view more) {
    return chat_chunk(fmt::format(R"({{"tool_calls":[{{"index":{},{}}}]}})", index, more));
  };
  for_every_client(kChat,
                   piece(0, R"("id":"c0","function":{"name":"f0","arguments":"{\"a\""})") +
                       piece(1, R"("id":"c2","function":{"name":"f2","arguments":"{\"b\""})") +
                       piece(0, R"("function":{"arguments":":0}"})") +
                       piece(1, R"("function":{"arguments":":1}"})") +
                       chat_chunk("{}", "\"tool_calls\"") + kDone,
                   [&](const Told& told, ClientKind kind, const std::string& out) {
                     expect_order(told, kind, out);
                     EXPECT_EQ(told.calls[0].arguments, (json{{"a", 0}}));
                     EXPECT_EQ(told.calls[1].arguments, (json{{"b", 1}}));
                   });
}

TEST(Pitfalls, Pitfall16_NoBlockOpensInsideAnother) {
  // A call that is not finished when text goes on; that blocks nest is what the reader refuses.
  const std::string stream =
      chat_chunk(R"({"content":"a"})") +
      chat_chunk(
          R"({"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"a\":"}}]})") +
      chat_chunk(R"({"content":"b"})") + chat_chunk(R"({"reasoning_content":"t"})") +
      chat_chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]})", "\"stop\"") +
      kDone;
  for_every_client(kChat, stream, [](const Told& told, ClientKind, const std::string&) {
    EXPECT_EQ(told.text, "ab");
    EXPECT_EQ(told.thoughts, "t");
    ASSERT_EQ(told.calls.size(), 1u);
    EXPECT_EQ(told.calls[0].arguments, (json{{"a", 1}}));
  });
}

TEST(Pitfalls, Pitfall17_AStreamsCountsAndCacheFieldsReachTheLastEvent) {
  for (const Dialect from : {kChat, kResponses, kMessages, kGemini}) {
    const std::string out =
        relay_stream(from, {kMessages, Form::kStream}, answer_sample(from).stream);
    const size_t end = out.find("event: message_delta");
    ASSERT_NE(end, std::string::npos);
    EXPECT_NE(out.find(R"("input_tokens":10,"cache_creation_input_tokens":0,)"
                       R"("cache_read_input_tokens":30,"output_tokens":18)",
                       end),
              std::string::npos)
        << omni::name_of(from) << out.substr(end);
  }
}

TEST(Pitfalls, Pitfall18_AnUpstreamsErrorHasTheClientsShape) {
  for (const std::string_view body :
       {R"({"error":{"message":"Too many","code":"x"}})", R"({"message":"Too many"})",
        R"({"detail":"Too many"})", "Too many"}) {
    const llm::Error error = llm::parse_error(429, body);
    for (const Dialect to : kDialects) {
      const Told told = read_as_client({to, Form::kPlain}, llm::render_error(to, error));
      EXPECT_EQ(told.error, "Too many") << omni::name_of(to);
    }
    const json claude = parse_json(llm::render_error(kMessages, error));
    EXPECT_EQ(claude["type"], "error");
    EXPECT_EQ(claude["error"]["type"], "rate_limit_error");
  }
}

TEST(Pitfalls, Pitfall19_OneCallStaysOneCall) {
  // Servers that repeat id and name on every fragment.
  std::string stream;
  for (const std::string_view piece : {R"({\"a\")", ":", "1}"})
    stream += chat_chunk(fmt::format(
        R"({{"tool_calls":[{{"index":0,"id":"c","type":"function","function":{{"name":"f","arguments":"{}"}}}}]}})",
        piece));
  stream += chat_chunk("{}", "\"tool_calls\"") + kDone;
  for_every_client(kChat, stream, [](const Told& told, ClientKind, const std::string&) {
    ASSERT_EQ(told.calls.size(), 1u);
    EXPECT_EQ(told.calls[0].arguments, (json{{"a", 1}}));
  });
}

TEST(Pitfalls, Pitfall20_AStreamWithoutAnEndIsNoSuccess) {
  expect_broken(kChat, chat_chunk(R"({"role":"assistant","content":"half an ans"})"));
  expect_broken(kGemini,
                "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"half\"}]}}]}\n\n");
}

TEST(Pitfalls, Pitfall21_AnErrorIsNeverTheModelsWords) {
  const std::string stream = chat_chunk(R"({"content":"So "})") +
                             "data: {\"error\":{\"message\":\"Upstream fell over\"}}\n\n" +
                             chat_chunk(R"({"content":"Upstream fell over"})", "\"stop\"") + kDone;
  for_every_client(kChat, stream, [](const Told& told, ClientKind kind, const std::string&) {
    EXPECT_EQ(told.text, kind.form == Form::kPlain || kind.dialect == kResponses ? "" : "So ");
    EXPECT_NE(told.error, "");
  });
  Relay relay(kChat);
  relay.whole(R"({"error":{"message":"no"}})");
  EXPECT_FALSE(relay.is_done());
}

TEST(Pitfalls, Pitfall22_RoleIndexesAndErrorsAreAllThere) {
  for (const Dialect from : kDialects) {
    const std::string out = relay_stream(from, {kChat, Form::kStream}, answer_sample(from).stream);
    const size_t first = out.find("\n\n");
    EXPECT_NE(out.substr(0, first).find(R"("role":"assistant")"), std::string::npos);
    EXPECT_EQ(out.find(R"("role")", first), std::string::npos) << "once";
  }
}

TEST(Pitfalls, Pitfall23_BytesThatNobodyDecodedAreAnError) {
  const std::string gzip("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\x4c\x4a\x06\x00\n\n", 17);
  for (const Dialect from : kDialects) {
    Relay relay(from);
    relay.feed("data: " + gzip);
    relay.finish();
    EXPECT_FALSE(relay.is_done()) << omni::name_of(from);
    for (size_t i = 0; i < relay.kinds().size(); ++i)
      EXPECT_NE(read_as_client(relay.kinds()[i], relay.out(i)).error, "");
  }
}

TEST(Pitfalls, Pitfall24_CountsOnEveryChunkAreNoEnd) {
  std::string stream;
  for (int i = 1; i <= 3; ++i)
    stream +=
        chat_chunk(fmt::format(R"({{"content":"{} "}})", i), "null",
                   fmt::format(R"(,"usage":{{"prompt_tokens":7,"completion_tokens":{}}})", i));
  stream += chat_chunk("{}", "\"stop\"") + kDone;
  for_every_client(kChat, stream, [](const Told& told, ClientKind, const std::string&) {
    EXPECT_EQ(told.text, "1 2 3 ");
    EXPECT_EQ(told.output, 3);
  });
}

// Servers that cut their text by UTF-16 units tell half a character in one event, half in the next.
TEST(Pitfalls, APairOfSurrogatesInTwoEventsIsOneCharacter) {
  const std::string stream =
      R"(data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"a\ud83d"},)"
      R"("finish_reason":null}]})"
      "\n\n"
      R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":"\ude00b"},)"
      R"("finish_reason":"stop"}]})"
      "\n\n" +
      kDone;
  const std::string out = transcode_stream(kChat, kMessages, stream);
  EXPECT_NE(out.find(R"("a\ud83d")"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("\ude00b")"), std::string::npos) << out;
  EXPECT_NE(out.find("message_stop"), std::string::npos) << out;
}

}  // namespace
}  // namespace omni::test
