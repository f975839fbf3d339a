#include "filters/responses/item_list.h"

#include <gtest/gtest.h>

#include "filters/responses/asked.h"
#include "test/support/json.h"

namespace omni::filters {
namespace {

constexpr std::string_view kItems = R"({"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"})";

std::string ids(const std::optional<std::string>& list) {
  if (!list) return "none";
  const auto json = test::parse_json(*list);
  std::string out;
  for (const auto& item : json["data"]) out += item["id"].get<std::string>();
  return out + (json["has_more"].get<bool>() ? "+" : "");
}

TEST(ItemListTest, PagesFollowOneAnotherInEitherOrder) {
  EXPECT_EQ(ids(list_items(kItems, {})), "dcba");
  EXPECT_EQ(ids(list_items(kItems, {.limit = 3})), "dcb+");
  EXPECT_EQ(ids(list_items(kItems, {.limit = 3, .after = "b"})), "a");
  EXPECT_EQ(ids(list_items(kItems, {.limit = 2, .is_ascending = true})), "ab+");
  EXPECT_EQ(ids(list_items(kItems, {.limit = 2, .is_ascending = true, .after = "b"})), "cd");
  EXPECT_EQ(ids(list_items(kItems, {.after = "a"})), "");
  EXPECT_EQ(ids(list_items(kItems, {.after = "x"})), "none");
  EXPECT_EQ(ids(list_items("", {})), "");
}

TEST(ItemListTest, AQuerySaysWhatIsWrongWithIt) {
  ItemPage page;
  EXPECT_FALSE(read_page("/v1/responses/x/input_items?limit=7&order=asc&after=i", page));
  EXPECT_EQ(page.limit, 7);
  EXPECT_TRUE(page.is_ascending);
  EXPECT_EQ(page.after, "i");
  EXPECT_EQ(read_page("/x?limit=101", page)->param, "limit");
  EXPECT_EQ(read_page("/x?limit=-1", page)->param, "limit");
  EXPECT_EQ(read_page("/x?order=", page)->param, "order");
}

TEST(ItemListTest, AStreamGoesOnBehindAnyEvent) {
  std::string events;
  for (int i = 0; i < 4; ++i)
    events += "event: x\ndata: {\"sequence_number\":" + std::to_string(i) + "}\n\n";
  EXPECT_EQ(events_after(events, -1), events);
  EXPECT_EQ(events_after(events, 1), events.substr(events.size() / 2));
  EXPECT_EQ(events_after(events, 3), "");
  EXPECT_EQ(last_event(R"({"status":"failed"})"),
            "event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":0,"
            "\"response\":{\"status\":\"failed\"}}\n\n");
}

TEST(AskedTest, TheMembersThatCountAreRead) {
  Asked asked;
  EXPECT_FALSE(read_asked(
      R"({"input":[1],"previous_response_id":"r\u0031","store":null,"background":true})", asked));
  EXPECT_EQ(asked.previous_id, "r1");
  EXPECT_TRUE(asked.store);
  EXPECT_TRUE(asked.in_background);
  EXPECT_EQ(asked.input, "[1]");
  for (const auto& [body, param] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"({"previous_response_id":1})", "previous_response_id"},
           {R"({"previous_response_id":""})", "previous_response_id"},
           {R"({"store":1})", "store"},
           {R"({"background":"x"})", "background"},
           {R"({"store":false,"background":true})", "background"}}) {
    Asked wrong;
    const auto error = read_asked(body, wrong);
    ASSERT_TRUE(error) << body;
    EXPECT_EQ(error->param, param);
    EXPECT_EQ(error->status, 400);
  }
}

}  // namespace
}  // namespace omni::filters
