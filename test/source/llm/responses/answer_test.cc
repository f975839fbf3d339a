#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/support/json.h"
#include "test/support/response_accumulator.h"
#include "test/support/transcode.h"

namespace omni::llm {
namespace {

using nlohmann::json;
using test::accumulate;
using test::Accumulated;
using test::canonical;
using test::transcode_answer;
using test::transcode_request;
using test::transcode_stream;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr Dialect kChat = Dialect::kOpenai;
constexpr Dialect kResponses = Dialect::kOpenaiResponses;

std::string frame(std::string_view type, std::string_view members) {
  return "event: " + std::string(type) + "\ndata: {\"type\":\"" + std::string(type) + "\"," +
         std::string(members) + "}\n\n";
}

std::string chunk(std::string_view delta, std::string_view finish = "null") {
  return R"(data: {"id":"chatcmpl-1","created":1,"model":"m","choices":[{"index":0,"delta":)" +
         std::string(delta) + ",\"finish_reason\":" + std::string(finish) + "}]}\n\n";
}

const std::string kCreated = frame(
    "response.created",
    R"("sequence_number":0,"response":{"id":"resp_1","object":"response","created_at":5,"status":"in_progress","model":"gpt","output":[]})");

std::string completed(std::string_view output = "", std::string_view status = "completed",
                      std::string_view details = "null") {
  return frame(
      "response." + std::string(status),
      R"("sequence_number":99,"response":{"id":"resp_1","status":")" + std::string(status) +
          R"(","incomplete_details":)" + std::string(details) + R"(,"output":[)" +
          std::string(output) +
          R"(],"usage":{"input_tokens":40,"input_tokens_details":{"cached_tokens":30,"cache_write_tokens":0},)"
          R"("output_tokens":18,"output_tokens_details":{"reasoning_tokens":7},)"
          R"("total_tokens":58}})");
}

// A thought with a proof, text with an annotation, and a call, as the vendor streams them.
const std::string kFull =
    kCreated + frame("response.in_progress", R"("sequence_number":1,"response":{"id":"resp_1"})") +
    frame(
        "response.output_item.added",
        R"("sequence_number":2,"output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]})") +
    frame(
        "response.reasoning_summary_part.added",
        R"("sequence_number":3,"item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""})") +
    frame(
        "response.reasoning_summary_text.delta",
        R"("sequence_number":4,"item_id":"rs_1","output_index":0,"summary_index":0,"delta":"one","obfuscation":"x")") +
    frame(
        "response.reasoning_summary_text.done",
        R"("sequence_number":5,"item_id":"rs_1","output_index":0,"summary_index":0,"text":"one")") +
    frame(
        "response.reasoning_summary_text.delta",
        R"("sequence_number":6,"item_id":"rs_1","output_index":0,"summary_index":1,"delta":"two")") +
    frame(
        "response.output_item.done",
        R"("sequence_number":7,"output_index":0,"item":{"id":"rs_1","type":"reasoning","encrypted_content":"gAAA=","summary":[{"type":"summary_text","text":"one"},{"type":"summary_text","text":"two"}]})") +
    frame(
        "response.output_item.added",
        R"("sequence_number":8,"output_index":1,"item":{"id":"msg_1","type":"message","status":"in_progress","content":[],"role":"assistant"})") +
    frame(
        "response.content_part.added",
        R"("sequence_number":9,"item_id":"msg_1","output_index":1,"content_index":0,"part":{"type":"output_text","annotations":[],"text":""})") +
    frame(
        "response.output_text.delta",
        R"("sequence_number":10,"item_id":"msg_1","output_index":1,"content_index":0,"delta":"Chec\u00e9","logprobs":[{"token":"C","logprob":-1,"bytes":[67],"top_logprobs":[]}])") +
    frame(
        "response.output_text.annotation.added",
        R"("sequence_number":11,"item_id":"msg_1","output_index":1,"content_index":0,"annotation_index":0,"annotation":{"type":"url_citation","url":"u","title":"t","start_index":0,"end_index":1})") +
    frame(
        "response.output_text.done",
        R"("sequence_number":12,"item_id":"msg_1","output_index":1,"content_index":0,"text":"Chec\u00e9")") +
    frame(
        "response.output_item.done",
        R"("sequence_number":13,"output_index":1,"item":{"id":"msg_1","type":"message","status":"completed","content":[{"type":"output_text","annotations":[{"type":"url_citation"}],"text":"Chec\u00e9"}],"role":"assistant"})") +
    frame(
        "response.output_item.added",
        R"("sequence_number":14,"output_index":2,"item":{"id":"fc_1","type":"function_call","status":"in_progress","arguments":"","call_id":"call_a","name":"weather"})") +
    frame("response.function_call_arguments.delta",
          R"("sequence_number":15,"item_id":"fc_1","output_index":2,"delta":"{\"city\":")") +
    frame("response.function_call_arguments.delta",
          R"("sequence_number":16,"item_id":"fc_1","output_index":2,"delta":"\"Oslo\"}")") +
    frame(
        "response.function_call_arguments.done",
        R"("sequence_number":17,"item_id":"fc_1","output_index":2,"arguments":"{\"city\":\"Oslo\"}")") +
    frame(
        "response.output_item.done",
        R"("sequence_number":18,"output_index":2,"item":{"id":"fc_1","type":"function_call","status":"completed","arguments":"{\"city\":\"Oslo\"}","call_id":"call_a","name":"weather"})") +
    completed();

TEST(ResponsesAnswerTest, AStreamBecomesChatChunks) {
  const json out = test::parse_json(transcode_stream(kResponses, kChat, kFull, 0, false));
  const json& message = out["choices"][0]["message"];
  EXPECT_EQ(message["content"], "Chec\u00e9");
  EXPECT_EQ(message["reasoning_content"], "one\n\ntwo");
  EXPECT_EQ(message["reasoning_details"][0]["signature"], "omniroute.openai-responses.gAAA=");
  EXPECT_EQ(message["tool_calls"].size(), 1u);
  EXPECT_EQ(message["tool_calls"][0]["id"], "call_a");
  EXPECT_EQ(message["tool_calls"][0]["function"]["arguments"], R"({"city":"Oslo"})");
  EXPECT_EQ(out["choices"][0]["logprobs"]["content"][0]["token"], "C");
  EXPECT_EQ(out["choices"][0]["finish_reason"], "tool_calls");
  EXPECT_EQ(out["created"], 5);
}

TEST(ResponsesAnswerTest, AStreamFollowsTheRulesOfTheVendorsLibraries) {
  const std::string out = transcode_stream(kResponses, kResponses, kFull);
  const Accumulated built = accumulate(out);
  EXPECT_EQ(built.error, "") << out;
  EXPECT_EQ(built.last["output"], built.output);
  EXPECT_EQ(built.last["status"], "completed");
  EXPECT_EQ(built.last["id"], "resp_1");
  EXPECT_EQ(built.output[0]["encrypted_content"], "gAAA=");
  EXPECT_EQ(built.output[0]["summary"][0]["text"], "one\n\ntwo");
  EXPECT_EQ(built.output[1]["content"][0]["annotations"][0]["url"], "u");
  EXPECT_EQ(built.output[1]["content"][0]["logprobs"][0]["token"], "C");
  EXPECT_EQ(built.output[2]["arguments"], R"({"city":"Oslo"})");
  EXPECT_THAT(
      built.types,
      ElementsAre("response.created", "response.in_progress", "response.output_item.added",
                  "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta",
                  "response.reasoning_summary_text.delta", "response.reasoning_summary_text.delta",
                  "response.reasoning_summary_text.done", "response.reasoning_summary_part.done",
                  "response.output_item.done", "response.output_item.added",
                  "response.content_part.added", "response.output_text.delta",
                  "response.output_text.annotation.added", "response.output_text.done",
                  "response.content_part.done", "response.output_item.done",
                  "response.output_item.added", "response.function_call_arguments.delta",
                  "response.function_call_arguments.delta", "response.function_call_arguments.done",
                  "response.output_item.done", "response.completed"));
}

TEST(ResponsesAnswerTest, TheBytesAreTheVendors) {
  const std::string out = transcode_stream(
      kChat, kResponses,
      chunk(R"({"content":"Hi\n"})") + chunk("{}", "\"stop\"") + "data: [DONE]\n\n");
  const std::string settings =
      R"("instructions":null,"max_output_tokens":null,"model":"m","output":[OUT],)"
      R"("parallel_tool_calls":true,"previous_response_id":null,)"
      R"("reasoning":{"effort":null,"summary":null},"store":false,"temperature":null,)"
      R"("text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_logprobs":0,)"
      R"("top_p":null,"truncation":"disabled","user":null,"metadata":{},"usage":null}})";
  const auto response = [&](std::string_view type, int number, std::string_view status,
                            std::string_view output) {
    std::string text = settings;
    text.replace(text.find("OUT"), 3, output);
    return frame(type, "\"sequence_number\":" + std::to_string(number) +
                           R"(,"response":{"id":"resp_chatcmpl-1","object":"response",)"
                           R"("created_at":1,"status":")" +
                           std::string(status) +
                           R"(","background":false,"error":null,"incomplete_details":null,)" +
                           text.substr(0, text.size() - 1));
  };
  const std::string item =
      R"({"id":"msg_chatcmpl-1_0","type":"message","status":"completed","content":[)"
      R"({"type":"output_text","annotations":[],"logprobs":[],"text":"Hi\n"}],"role":"assistant"})";
  const std::string place = R"("item_id":"msg_chatcmpl-1_0","output_index":0,"content_index":0,)";
  EXPECT_EQ(
      out,
      response("response.created", 0, "in_progress", "") +
          response("response.in_progress", 1, "in_progress", "") +
          frame("response.output_item.added",
                R"("sequence_number":2,"output_index":0,"item":{"id":"msg_chatcmpl-1_0",)"
                R"("type":"message","status":"in_progress","content":[],"role":"assistant"})") +
          frame("response.content_part.added",
                "\"sequence_number\":3," + place +
                    R"("part":{"type":"output_text","annotations":[],"logprobs":[],"text":""})") +
          frame("response.output_text.delta",
                "\"sequence_number\":4," + place + R"("delta":"Hi\n","logprobs":[])") +
          frame("response.output_text.done",
                "\"sequence_number\":5," + place + R"("text":"Hi\n","logprobs":[])") +
          frame(
              "response.content_part.done",
              "\"sequence_number\":6," + place +
                  R"("part":{"type":"output_text","annotations":[],"logprobs":[],"text":"Hi\n"})") +
          frame("response.output_item.done",
                "\"sequence_number\":7,\"output_index\":0,\"item\":" + item) +
          response("response.completed", 8, "completed", item));
}

std::string call_item(std::string_view arguments, std::string_view status) {
  return R"({"id":"fc_1","type":"function_call","status":")" + std::string(status) +
         R"(","arguments":")" + std::string(arguments) + R"(","call_id":"call_a","name":"f"})";
}
std::string added(std::string_view item) {
  return frame("response.output_item.added",
               R"("sequence_number":2,"output_index":0,"item":)" + std::string(item));
}
std::string item_done(std::string_view item) {
  return frame("response.output_item.done",
               R"("sequence_number":20,"output_index":0,"item":)" + std::string(item));
}

// Pitfalls 1 to 4: wherever the arguments come, they arrive, and once.
TEST(ResponsesAnswerTest, ArgumentsThatComeLateAreNotLost) {
  const std::string begin = kCreated + added(call_item("", "in_progress"));
  const std::string delta =
      frame("response.function_call_arguments.delta",
            R"("sequence_number":10,"item_id":"fc_1","output_index":0,"delta":"{\"a\":1}")");
  const std::string done =
      frame("response.function_call_arguments.done",
            R"("sequence_number":11,"item_id":"fc_1","output_index":0,"arguments":"{\"a\":1}")");
  const std::string item = call_item(R"({\"a\":1})", "completed");
  for (const std::string& stream :
       {begin + done + item_done(item) + completed(item), begin + item_done(item) + completed(item),
        begin + completed(item), begin + delta + completed(item),
        begin + delta + done + item_done(item) + completed(item),
        kCreated + item_done(item) + completed(item), kCreated + completed(item)}) {
    const std::string out = transcode_stream(kResponses, kChat, stream, 0, false);
    EXPECT_THAT(out, HasSubstr(R"("tool_calls":[{"id":"call_a","type":"function",)"
                               R"("function":{"name":"f","arguments":"{\"a\":1}"}}])"))
        << stream;
    EXPECT_THAT(out, HasSubstr(R"("finish_reason":"tool_calls")")) << "pitfall 5";
  }
}

TEST(ResponsesAnswerTest, ACallWithoutArgumentsHasAnEmptyObject) {
  const std::string out = transcode_stream(kResponses, kChat,
                                           kCreated + added(call_item("", "in_progress")) +
                                               item_done(call_item("", "completed")) + completed(),
                                           0, false);
  EXPECT_THAT(out, HasSubstr(R"("arguments":"{}")"));
}

TEST(ResponsesAnswerTest, TextThatComesOnlyAtTheEndIsNotLost) {
  const std::string item =
      R"({"id":"msg_1","type":"message","content":[{"type":"output_text","text":"whole"},)"
      R"({"type":"refusal","refusal":"no"}]})";
  for (const std::string& stream :
       {kCreated + item_done(item) + completed(item), kCreated + completed(item)}) {
    const std::string out = transcode_stream(kResponses, kChat, stream, 0, false);
    EXPECT_THAT(out, HasSubstr(R"("content":"whole","refusal":"no")"));
  }
}

TEST(ResponsesAnswerTest, ARepeatedEventIsToldOnce) {
  const std::string first =
      frame("response.output_text.delta",
            R"("sequence_number":10,"output_index":0,"content_index":0,"delta":"ha")");
  EXPECT_THAT(transcode_stream(kResponses, kChat, kCreated + first + first + completed(), 0, false),
              HasSubstr(R"("content":"ha")"));
  const std::string last = frame("response.completed", R"("sequence_number":0,"response":{})");
  EXPECT_THAT(transcode_stream(kResponses, kChat, kCreated + first + last, 0, false),
              HasSubstr(R"("content":"ha")"));
  // A server whose numbers never grow repeats nothing.
  const std::string unnumbered =
      frame("response.output_text.delta",
            R"("sequence_number":0,"output_index":0,"content_index":0,"delta":"ha")");
  EXPECT_THAT(transcode_stream(kResponses, kChat, kCreated + unnumbered + unnumbered + completed(),
                               0, false),
              HasSubstr(R"("content":"haha")"));
}

TEST(ResponsesAnswerTest, StopReasons) {
  const auto finish = [](const std::string& end) {
    const std::string text = frame("response.output_text.delta", R"("output_index":0,"delta":"a")");
    return transcode_stream(kResponses, kChat, kCreated + text + end, 0, false);
  };
  EXPECT_THAT(finish(completed()), HasSubstr(R"("finish_reason":"stop")"));
  EXPECT_THAT(finish(completed("", "incomplete", R"({"reason":"max_output_tokens"})")),
              HasSubstr(R"("finish_reason":"length")"));
  EXPECT_THAT(finish(completed("", "incomplete", R"({"reason":"content_filter"})")),
              HasSubstr(R"("finish_reason":"content_filter")"));
  const auto status = [](std::string_view word) {
    const std::string out = transcode_stream(
        kChat, kResponses, chunk(R"({"content":"a"})") + chunk("{}", word) + "data: [DONE]\n\n", 0,
        false);
    const json response = test::parse_json(out);
    return response["status"].get<std::string>() + response["incomplete_details"].dump();
  };
  EXPECT_EQ(status("\"stop\""), "completednull");
  EXPECT_EQ(status("\"length\""), R"(incomplete{"reason":"max_output_tokens"})");
  EXPECT_EQ(status("\"content_filter\""), R"(incomplete{"reason":"content_filter"})");
}

// The item that the limit cut off is not complete, and those before it are.
TEST(ResponsesAnswerTest, OnlyTheItemThatWasCutIsIncomplete) {
  const auto built = [](std::string_view word) {
    return accumulate(transcode_stream(
        kChat, kResponses,
        chunk(R"({"content":"a"})") +
            chunk(
                R"({"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{"}}]})") +
            chunk("{}", word) + "data: [DONE]\n\n"));
  };
  const Accumulated cut = built("\"length\"");
  EXPECT_EQ(cut.last["output"][0]["status"], "completed");
  EXPECT_EQ(cut.last["output"][1]["status"], "incomplete");
  EXPECT_EQ(cut.output[1]["status"], "incomplete") << "as output_item.done told it";
  EXPECT_EQ(built("\"tool_calls\"").last["output"][1]["status"], "completed");
}

TEST(ResponsesAnswerTest, AnErrorInTheMiddleEndsTheStream) {
  const std::string text = kCreated + frame("response.output_text.delta", R"("delta":"a")");
  const std::string nested =
      frame("error", R"("sequence_number":5,"error":{"code":"server_error","message":"no"})");
  const std::string flat = frame("error", R"("code":"rate_limit_exceeded","message":"no")");
  const std::string failure = frame(
      "response.failed", R"("response":{"status":"failed","error":{"code":"x","message":"no"}})");
  for (const std::string& end : {nested, flat, failure}) {
    const std::string chat = transcode_stream(kResponses, kChat, text + end + completed());
    EXPECT_THAT(chat, HasSubstr(R"({"error":{"message":"no")"));
    EXPECT_THAT(chat, Not(HasSubstr("[DONE]")));
    const Accumulated built = accumulate(transcode_stream(kResponses, kResponses, text + end));
    EXPECT_EQ(built.error, "");
    EXPECT_EQ(built.types.back(), "response.failed");
    EXPECT_EQ(built.last["status"], "failed");
    EXPECT_EQ(built.last["error"]["message"], "no");
  }
  EXPECT_THAT(transcode_stream(kResponses, kResponses, text + flat),
              HasSubstr(R"("code":"rate_limit_exceeded")"));
  EXPECT_THAT(transcode_stream(kResponses, kChat, text + "data: {oops\n\n"), HasSubstr("BROKEN"));
}

// Pitfall 12.
TEST(ResponsesAnswerTest, DoneInsideContentIsContent) {
  const std::string text =
      frame("response.output_text.delta", R"("output_index":0,"delta":"data: [DONE]\n\n")");
  EXPECT_THAT(transcode_stream(kResponses, kChat, kCreated + text + completed(), 0, false),
              HasSubstr(R"("content":"data: [DONE]\n\n")"));
}

// Pitfalls 8 and 16: text behind a thought begins whole, and no item is open when the next begins.
TEST(ResponsesAnswerTest, ItemsDoNotOverlap) {
  const std::string out = transcode_stream(
      kChat, kResponses,
      chunk(R"({"reasoning_content":"think"})") + chunk(R"({"content":"first "})") +
          chunk(R"({"content":"second"})") +
          chunk(
              R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}]})") +
          chunk(
              R"({"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}]})") +
          chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]})") +
          chunk("{}", "\"tool_calls\"") + "data: [DONE]\n\n");
  const Accumulated built = accumulate(out);
  EXPECT_EQ(built.error, "") << out;
  EXPECT_EQ(built.last["output"], built.output);
  EXPECT_EQ(built.output.size(), 4u);
  EXPECT_EQ(built.output[0]["summary"][0]["text"], "think");
  EXPECT_EQ(built.output[1]["content"][0]["text"], "first second");
  EXPECT_EQ(built.output[2]["arguments"], R"({"x":1})");
  EXPECT_EQ(built.output[3]["call_id"], "b");
  int open = 0;
  for (const std::string& type : built.types) {
    open += type == "response.output_item.added" ? 1 : 0;
    EXPECT_LE(open, 1);
    open -= type == "response.output_item.done" ? 1 : 0;
  }
}

// Pitfalls 24 and 34: usage on every chunk is no end, and cached tokens count once.
TEST(ResponsesAnswerTest, UsageIsCountedOnce) {
  const std::string usage =
      R"("usage":{"prompt_tokens":40,"completion_tokens":18,"total_tokens":58,)"
      R"("prompt_tokens_details":{"cached_tokens":30},)"
      R"("completion_tokens_details":{"reasoning_tokens":7}})";
  const std::string counted = "data: {\"choices\":[]," + usage + "}\n\n";
  const json ours = test::parse_json(transcode_stream(
      kChat, kResponses,
      counted + chunk(R"({"content":"a"})") + counted + chunk(R"({"content":"b"})") +
          chunk("{}", "\"stop\"") + counted + "data: [DONE]\n\n",
      0, false));
  const json expected = test::parse_json(
      R"({"input_tokens":40,"input_tokens_details":{"cached_tokens":30,"cache_write_tokens":0},"output_tokens":18,
      "output_tokens_details":{"reasoning_tokens":7},"total_tokens":58})");
  EXPECT_EQ(ours["usage"], expected);
  EXPECT_EQ(ours["output"][0]["content"][0]["text"], "ab");
  const json chat = test::parse_json(transcode_stream(kResponses, kChat, kFull, 0, false));
  EXPECT_EQ(chat["usage"], test::parse_json("{" + usage + "}")["usage"]);
  EXPECT_EQ(accumulate(transcode_stream(kResponses, kResponses, kFull)).last["usage"], expected);
}

const std::string kPlain =
    R"({"id":"resp_7","object":"response","created_at":5,"status":"completed","background":false,
    "error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,"model":"m",
    "output":[{"id":"rs_7_0","type":"reasoning","summary":[{"type":"summary_text","text":"2+2"}],
        "encrypted_content":"gAAA"},
      {"id":"msg_7_1","type":"message","status":"completed","role":"assistant","content":[
        {"type":"output_text","annotations":[{"type":"file_path","file_id":"f","index":0}],
         "logprobs":[],"text":"4"}]},
      {"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search"}},
      {"id":"ctc_7_3","type":"custom_tool_call","status":"completed","call_id":"c","name":"g",
        "input":"free"}],
    "parallel_tool_calls":true,"previous_response_id":null,
    "reasoning":{"effort":null,"summary":null},"store":false,"temperature":null,
    "text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_logprobs":0,
    "top_p":null,"truncation":"disabled","user":null,"metadata":{},
    "usage":{"input_tokens":18,"input_tokens_details":{"cached_tokens":2,"cache_write_tokens":0},"output_tokens":3,
      "output_tokens_details":{"reasoning_tokens":1},"total_tokens":21}})";

TEST(ResponsesAnswerTest, APlainAnswerComesBackAndCanBecomeAStream) {
  EXPECT_EQ(canonical(transcode_answer(kResponses, kResponses, kPlain)), canonical(kPlain));
  const std::string out = transcode_answer(kResponses, kResponses, kPlain, true);
  const Accumulated built = accumulate(out);
  EXPECT_EQ(built.error, "") << out;
  EXPECT_EQ(built.last, test::parse_json(kPlain));
  EXPECT_EQ(built.output, built.last["output"]);
  // And back: a stream becomes the plain answer.
  EXPECT_EQ(canonical(transcode_stream(kResponses, kResponses, out, 0, false)), canonical(kPlain));
}

TEST(ResponsesAnswerTest, APlainAnswerBecomesAChatAnswer) {
  const std::string said = transcode_answer(kResponses, kChat, kPlain);
  const json chat = test::parse_json(said);
  EXPECT_EQ(chat["choices"][0]["message"]["content"], "4");
  EXPECT_EQ(chat["choices"][0]["message"]["tool_calls"][0]["custom"]["input"], "free");
  const json back = test::parse_json(transcode_answer(kChat, kResponses, said));
  ASSERT_EQ(back["output"].size(), 3u);
  for (const json& item : back["output"]) {
    const std::string type = item["type"];
    EXPECT_EQ(item.value("encrypted_content", ""), type == "reasoning" ? "gAAA" : "");
    EXPECT_EQ(item.value("input", ""), type == "custom_tool_call" ? "free" : "");
    EXPECT_EQ(item.contains("content"), type == "message");
  }
  EXPECT_EQ(back["id"], "resp_chatcmpl-resp_7");
}

TEST(ResponsesAnswerTest, WhatIsNoFinishedAnswerIsRefused) {
  for (const std::string_view body :
       {R"({"error":{"message":"no"}})", R"({"id":"resp_1","object":"response"})",
        R"({"status":"in_progress","output":[]})",
        R"({"status":"failed","error":{"code":"x","message":"no"},"output":[]})", "[]", ""})
    EXPECT_THAT(transcode_answer(kResponses, kChat, body), HasSubstr("BROKEN")) << body;
}

// Pitfall 28: a thought that is nothing but its proof survives, here and through another dialect.
TEST(ResponsesAnswerTest, AProofComesHomeThroughChatCompletions) {
  const std::string answer =
      R"({"id":"resp_7","status":"completed","output":[{"type":"reasoning","summary":[],
      "encrypted_content":"gAAA"},{"type":"message","content":[{"type":"output_text","text":"4"}]}]})";
  json chat = test::parse_json(transcode_answer(kResponses, kChat, answer));
  json request = test::parse_json(R"({"messages":[{"role":"user","content":"q"}]})");
  request["messages"].push_back(chat["choices"][0]["message"]);
  const json sent = test::parse_json(transcode_request(kChat, kResponses, request.dump()));
  EXPECT_EQ(sent["input"][1], test::parse_json(R"({"type":"reasoning","summary":[],
      "encrypted_content":"gAAA"})"));
  EXPECT_EQ(sent["include"][0], "reasoning.encrypted_content");
  EXPECT_EQ(sent["store"], false);
}

TEST(ResponsesAnswerTest, AForeignProofComesHomeThroughResponses) {
  const std::string answer = R"({"id":"1","choices":[{"index":0,"message":{"role":"assistant",
      "content":"4","reasoning_content":"hm","reasoning_details":[
        {"type":"reasoning.text","text":"hm","signature":"sig"},
        {"type":"reasoning.encrypted","data":"red"}]},"finish_reason":"stop"}]})";
  const json response = test::parse_json(transcode_answer(kChat, kResponses, answer));
  json request = json::object();
  request["input"] = response["output"];
  Request read;
  const std::string body = request.dump();
  ASSERT_FALSE(decode_request(kResponses, body, read).has_value());
  std::string found;
  for (const Part& part : read.messages.at(0).parts) {
    if (part.signature.is_for(Dialect::kAnthropic))
      found += "[" + part.text.decoded() + "|" + part.signature.value.decoded() + "]";
    if (part.redacted.is_for(Dialect::kAnthropic))
      found += "[redacted " + part.redacted.value.decoded() + "]";
  }
  EXPECT_EQ(found, "[hm|sig][redacted red]");
}

// Pitfall 26: Gemini signs calls and texts, which have no field for it here.
TEST(ResponsesAnswerTest, ASignedCallComesHome) {
  const auto encoder = make_answer_encoder(kResponses, {.stream = true, .fallback_id = "x"});
  std::string out;
  const auto put = [&](Event::Kind kind, PartKind part, auto... set) {
    Event event;
    event.kind = kind;
    event.part_kind = part;
    (set(event), ...);
    encoder->put(event, out);
  };
  const auto text = [](std::string_view t) { return [t](Event& event) { event.text = Text(t); }; };
  const auto sign = [](std::string_view t) {
    return [t](Event& event) { event.signature = {Text(t), Dialect::kGemini}; };
  };
  put(Event::Kind::kStarted, PartKind::kText);
  put(Event::Kind::kPartBegan, PartKind::kText);
  put(Event::Kind::kDelta, PartKind::kText, text("hello"));
  put(Event::Kind::kSignature, PartKind::kText, sign("TEXT"));
  put(Event::Kind::kPartEnded, PartKind::kText);
  put(Event::Kind::kPartBegan, PartKind::kToolCall, sign("CALL"), [](Event& event) {
    event.id = Text("c1");
    event.name = Text("f");
  });
  put(Event::Kind::kDelta, PartKind::kToolCall, text("{}"));
  put(Event::Kind::kPartEnded, PartKind::kToolCall);
  put(Event::Kind::kStopped, PartKind::kText);
  put(Event::Kind::kDone, PartKind::kText);
  const Accumulated built = accumulate(out);
  ASSERT_EQ(built.error, "") << out;
  EXPECT_EQ(built.output, built.last["output"]);
  json request = json::object();
  request["input"] = built.output;
  Request read;
  const std::string body = request.dump();
  ASSERT_FALSE(decode_request(kResponses, body, read).has_value());
  ASSERT_EQ(read.messages.size(), 1u);
  const auto& parts = read.messages[0].parts;
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_TRUE(parts[0].signature.is_for(Dialect::kGemini));
  EXPECT_TRUE(parts[0].signature.value.is("TEXT"));
  EXPECT_TRUE(parts[1].signature.is_for(Dialect::kGemini));
  EXPECT_TRUE(parts[1].signature.value.is("CALL"));
  EXPECT_THAT(transcode_request(kResponses, kChat, body),
              HasSubstr(R"("extra_content":{"google":{"thought_signature":"CALL"}})"));
}

TEST(ResponsesAnswerTest, TheRequestIsRepeated) {
  const std::string body = R"({"model":"m","instructions":"S","input":"q","tools":[
      {"type":"function","name":"f","parameters":{"type":"object"},"strict":true},
      {"type":"file_search"}],"tool_choice":"required","temperature":0.5,"top_p":0.9,"store":true,
      "reasoning":{"effort":"low","summary":"auto"},"max_output_tokens":99,"user":"u",
      "metadata":{"k":"v"},"text":{"format":{"type":"json_object"},"verbosity":"low"},
      "parallel_tool_calls":false,"truncation":"auto","service_tier":"flex"})";
  Request request;
  ASSERT_FALSE(decode_request(kResponses, body, request).has_value());
  const auto encoder = make_answer_encoder(
      kResponses, {.model = "named", .fallback_id = "x", .now = 7, .request = &request});
  std::string out;
  Event event;
  event.kind = Event::Kind::kStarted;
  encoder->put(event, out);
  event.kind = Event::Kind::kDone;
  encoder->put(event, out);
  const json response = test::parse_json(out);
  json asked = test::parse_json(body);
  for (const char* key : {"instructions", "tools", "tool_choice", "temperature", "top_p", "store",
                          "reasoning", "max_output_tokens", "user", "metadata", "text",
                          "parallel_tool_calls", "truncation", "service_tier"})
    EXPECT_EQ(response[key], asked[key]) << key;
  EXPECT_EQ(response["id"], "resp_x");
  EXPECT_EQ(response["model"], "named");
  EXPECT_EQ(response["created_at"], 7);
}

TEST(ResponsesAnswerTest, AnImageIsAnItem) {
  const std::string item =
      R"({"id":"ig_1","type":"image_generation_call","status":"completed","result":"AAAA"})";
  const std::string body = R"({"id":"resp_1","status":"completed","output":[)" + item + "]}";
  EXPECT_THAT(
      transcode_answer(kResponses, kChat, body),
      HasSubstr(
          R"("images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA")"));
  EXPECT_EQ(test::parse_json(transcode_answer(kResponses, kResponses, body))["output"][0],
            test::parse_json(item));
}

TEST(ResponsesErrorTest, AnErrorIsOpenaisAndInAStreamAnEvent) {
  const Error error{.status = 429, .message = "slow down", .param = "p"};
  EXPECT_EQ(render_error(kResponses, error), render_error(kChat, error));
  const std::string event = render_stream_error(kResponses, error);
  ASSERT_EQ(event.substr(0, 19), "event: error\ndata: ");
  const json data = test::parse_json(event.substr(19));
  EXPECT_EQ(data["type"], "error");
  EXPECT_EQ(data["code"], "rate_limit_exceeded");
  EXPECT_EQ(data["message"], "slow down");
  EXPECT_EQ(data["param"], "p");
  EXPECT_EQ(data["error"]["type"], "rate_limit_error");
}

}  // namespace
}  // namespace omni::llm
