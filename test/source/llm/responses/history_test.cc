#include "source/llm/responses/history.h"

#include <gtest/gtest.h>

#include <string>

#include "source/llm/call.h"
#include "source/llm/decoded.h"
#include "test/support/json.h"

namespace omni::llm::responses {
namespace {

TEST(HistoryTest, InputIsItemsHoweverItIsWritten) {
  EXPECT_EQ(
      items_of_input(R"("h\u0069")"),
      R"({"type":"message","role":"user","content":[{"type":"input_text","text":"h\u0069"}]})");
  EXPECT_EQ(items_of_input(" [ {\"a\":1}, 2 ] "), R"({"a":1}, 2)");
  EXPECT_EQ(items_of_input("[]"), "");
  EXPECT_EQ(items_of_input("null"), "");
  EXPECT_EQ(items_of_input(""), "");
}

TEST(HistoryTest, OutputIsTakenFromTheObject) {
  EXPECT_EQ(items_of_output(R"({"id":"r","output":[ {"a":[1]} ],"x":2})"), R"({"a":[1]})");
  EXPECT_EQ(items_of_output(R"({"id":"r","output":[]})"), "");
  EXPECT_EQ(items_of_output(R"({"id":"r"})"), "");
}

TEST(HistoryTest, WhatCameBeforeStandsInFrontAndEverythingElseStays) {
  const History history{.items =
                            R"({"type":"reasoning","id":"rs_1"},{"role":"user","content":"a"})"};
  EXPECT_EQ(
      expand(R"({"model": "m","previous_response_id":"r" ,"input":"b","odd":[1 ]})", history, true),
      R"({"model": "m","input":[{"type":"reasoning","id":"rs_1"},{"role":"user","content":"a"},)"
      R"({"type":"message","role":"user","content":[{"type":"input_text","text":"b"}]}],"odd":[1 ]})");
  EXPECT_EQ(expand(R"({"previous_response_id":"r","input":[]})", history, false),
            R"({"input":[{"role":"user","content":"a"}]})");
  EXPECT_EQ(expand(R"({"previous_response_id":"r"})", history, false),
            R"({"input":[{"role":"user","content":"a"}]})");
}

TEST(HistoryTest, ACallIsDecodedWithItsHistory) {
  Call call;
  call.set_dialect(Dialect::kOpenaiResponses);
  ASSERT_FALSE(call.read(
      Buffer(R"({"model":"m","input":"b","previous_response_id":"r","instructions":"i"})"), ""));
  call.set_history(std::make_shared<const History>(
      History{.items = R"({"role":"user","content":"a"},{"role":"assistant","content":"x"})"}));
  const Decoded& decoded = call.decoded();
  ASSERT_FALSE(decoded.error) << decoded.error->message;
  ASSERT_EQ(decoded.request.messages.size(), 4u);
  EXPECT_EQ(decoded.request.messages[1].parts[0].text.inside(), "a");
  EXPECT_EQ(decoded.request.messages[3].parts[0].text.inside(), "b");
  Buffer rendered = call.render_with_history("other", true);
  const auto json = test::parse_json(rendered.flatten());
  EXPECT_EQ(json["model"], "other");
  EXPECT_EQ(json["input"].size(), 3u);
  EXPECT_FALSE(json.contains("previous_response_id"));
}

TEST(HistoryTest, ItemsInAListHaveIdsAndTheirFullForm) {
  const std::string listed = number_items(
      R"({"role":"user","content":"a"},{"type":"function_call_output","call_id":"c","output":"o"},)"
      R"({"type":"message","id":"msg_x","role":"assistant","content":"b"},7)",
      "5e");
  const auto items = test::parse_json("[" + listed + "]");
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0]["id"], "msg_5e0000");
  EXPECT_EQ(items[0]["type"], "message");
  EXPECT_EQ(items[0]["content"][0]["type"], "input_text");
  EXPECT_EQ(items[1]["id"], "fco_5e0001");
  EXPECT_EQ(items[2]["id"], "msg_x");
  EXPECT_EQ(items[2]["content"][0]["type"], "output_text");
}

TEST(HistoryTest, AnObjectIsQueuedAndEnded) {
  std::string object =
      queued_object(R"({"model":"m","input":"a","instructions":"i","tools":[{"type":"x"}]})",
                    {.id = "resp_1", .previous = "\"resp_0\"", .is_background = true}, "m\"", 5);
  auto json = test::parse_json(object);
  EXPECT_EQ(json["status"], "queued");
  EXPECT_EQ(json["background"], true);
  EXPECT_EQ(json["instructions"], "i");
  EXPECT_EQ(json["model"], "m\"");
  EXPECT_EQ(json["previous_response_id"], "resp_0");
  EXPECT_EQ(json["tools"][0]["type"], "x");
  EXPECT_EQ(json["output"], nlohmann::json::array());
  end_object(object, "failed", "server_error", "It \"died\".");
  json = test::parse_json(object);
  EXPECT_EQ(json["status"], "failed");
  EXPECT_EQ(json["error"]["message"], "It \"died\".");
}

}  // namespace
}  // namespace omni::llm::responses
