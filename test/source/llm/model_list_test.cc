#include "source/llm/model_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/support/json.h"
#include "test/support/test_snapshot.h"

namespace omni::llm {
namespace {

using nlohmann::json;
using testing::ElementsAre;

constexpr auto kAll = [](std::string_view, const Provider&, std::string_view) { return true; };

class ModelListTest : public testing::Test {
 protected:
  void build() { snapshot = builder.build(); }
  std::vector<ListedModel> rows(const Provider* only = nullptr) {
    return list_models(*snapshot->providers, *snapshot->aliases, kAll, only);
  }
  std::vector<std::string> ids(const Provider* only = nullptr) {
    std::vector<std::string> out;
    for (const ListedModel& row : rows(only)) out.push_back(row.id);
    return out;
  }
  json render(Dialect dialect, std::string target = "/v1/models") {
    const std::vector<ListedModel> listed = rows();
    auto made = render_models(dialect, listed, {.target = target, .now = 1700000001});
    if (auto* error = std::get_if<CallError>(&made)) return json(error->message);
    return test::parse_json(std::get<std::string>(made));
  }
  json show(Dialect dialect, std::string_view id) {
    std::string why;
    const auto row = find_model(id, *snapshot->providers, *snapshot->aliases, kAll, why);
    if (!row) return json(why);
    return test::parse_json(render_model(dialect, *row, {.now = 1700000001}));
  }

  test::SnapshotBuilder builder;
  std::shared_ptr<Snapshot> snapshot;
};

TEST_F(ModelListTest, ListsModelsWithTheirProviderAndAliasesAfterThem) {
  builder.provider("one", {"a", "b\"c"}).demo().provider("two", {"a"});
  builder.alias("fast", "one/a").alias("gpt-*", "one/a").alias("lost", "nowhere-at-all");
  build();
  EXPECT_THAT(ids(), ElementsAre("one/a", "one/b\"c", "demo/echo", "demo/lorem", "two/a", "fast"));
  EXPECT_THAT(ids(snapshot->providers->find("two")), ElementsAre("two/a"));
}

TEST_F(ModelListTest, LeavesOutWhatIsHiddenOrHasNoAccount) {
  builder.provider("one", {"a", "b"});
  builder.last().models[0].hidden = true;
  builder.provider("bare", {"c"});
  builder.last().accounts.clear();
  builder.alias("quick", "bare/c");
  build();
  EXPECT_THAT(ids(), ElementsAre("one/b"));
  // Whoever knows the name may ask.
  EXPECT_EQ(show(Dialect::kOpenai, "one/a")["id"], "one/a");
}

TEST_F(ModelListTest, AKeySeesWhatItMayUse) {
  builder.provider("one", {"a", "b"});
  build();
  const auto but_a = [](std::string_view id, const Provider&, std::string_view) {
    return id != "one/a";
  };
  const auto seen = list_models(*snapshot->providers, *snapshot->aliases, but_a);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].id, "one/b");
  std::string why;
  EXPECT_FALSE(find_model("one/a", *snapshot->providers, *snapshot->aliases, but_a, why));
  EXPECT_EQ(why, "The model 'one/a' does not exist.");
}

TEST_F(ModelListTest, OpenaisEntriesSayWhatIsKnown) {
  builder.provider("one", {"a"}).alias("fast", "one/a");
  Model& model = builder.last().models[0];
  model.context = 1000;
  model.max_output = 100;
  model.inputs = kText | kImage;
  model.price = Price{.input = 1.5, .output = 2, .cached = 0.1};
  model.calls_tools = true;
  build();
  const json list = render(Dialect::kOpenai);
  EXPECT_EQ(list["object"], "list");
  const json& entry = list["data"][0];
  EXPECT_EQ(entry["object"], "model");
  EXPECT_EQ(entry["owned_by"], "one");
  EXPECT_EQ(entry["context_length"], 1000);
  EXPECT_EQ(entry["max_output_tokens"], 100);
  EXPECT_EQ(entry["input_modalities"], json({"text", "image"}));
  EXPECT_FALSE(entry.contains("output_modalities"));
  EXPECT_EQ(entry["capabilities"], json({{"tool_calling", true}}));
  EXPECT_FALSE(show(Dialect::kOpenai, "one/new").contains("capabilities")) << "not known";
  EXPECT_EQ(entry["pricing"], json({{"input", 1.5}, {"output", 2}, {"cached", 0.1}}));
  EXPECT_EQ(list["data"][1]["id"], "fast");
  EXPECT_EQ(list["data"][1]["owned_by"], "alias");
  EXPECT_EQ(list["data"][1]["root"], "one/a");
  EXPECT_EQ(show(Dialect::kOpenai, "one/new")["root"], "new");
  EXPECT_EQ(show(Dialect::kOpenai, "fast"), list["data"][1]);
}

TEST_F(ModelListTest, AnthropicsListingComesInPages) {
  builder.provider("p", {"a", "b", "c", "d", "e"});
  builder.last().models[0].context = 7;
  build();
  const auto page = [&](std::string query) {
    const json list = render(Dialect::kAnthropic, "/v1/models?" + query);
    if (list.is_string()) return list.get<std::string>();
    std::string out;
    for (const auto& entry : list["data"]) out += entry["id"].get<std::string>().substr(2);
    return out + (list["has_more"] ? "+" : ".");
  };
  EXPECT_EQ(page(""), "abcde.");
  EXPECT_EQ(page("limit=2"), "ab+");
  EXPECT_EQ(page("limit=2&after_id=p/b"), "cd+");
  EXPECT_EQ(page("limit=2&after_id=p%2Fd"), "e.");
  EXPECT_EQ(page("after_id=p/e"), ".");
  EXPECT_EQ(page("limit=2&before_id=p/d"), "bc+");
  EXPECT_EQ(page("limit=9&before_id=p/c"), "ab.");
  EXPECT_EQ(page("lifecycle=retired"), ".");
  EXPECT_EQ(page("limit=0"), "limit: must be between 1 and 1000");
  EXPECT_EQ(page("limit=x"), "limit: must be between 1 and 1000");
  EXPECT_EQ(page("after_id=gone"), "after_id: there is no such model");
  const json list = render(Dialect::kAnthropic);
  EXPECT_EQ(list["first_id"], "p/a");
  EXPECT_EQ(list["last_id"], "p/e");
  EXPECT_EQ(list["data"][0]["type"], "model");
  EXPECT_EQ(list["data"][0]["max_input_tokens"], 7);
  EXPECT_TRUE(render(Dialect::kAnthropic, "/v1/models?after_id=p/e")["first_id"].is_null());
}

TEST_F(ModelListTest, GeminisListingComesInPages) {
  builder.provider("p", {"a", "b", "c"});
  build();
  const json first = render(Dialect::kGemini, "/v1beta/models?pageSize=2");
  EXPECT_EQ(first["models"].size(), 2U);
  EXPECT_EQ(first["models"][0]["name"], "models/p/a");
  const json second = render(Dialect::kGemini, "/v1beta/models?pageSize=2&pageToken=" +
                                                   first["nextPageToken"].get<std::string>());
  EXPECT_EQ(second["models"].size(), 1U);
  EXPECT_FALSE(second.contains("nextPageToken"));
  EXPECT_EQ(render(Dialect::kGemini, "/v1beta/models?pageToken=x"),
            "pageToken: is not one of this listing");
  EXPECT_EQ(render(Dialect::kGemini, "/v1beta/models?pageSize=-1"),
            "pageSize: must not be negative");
}

TEST_F(ModelListTest, OllamaIsToldTagsAndOneModel) {
  builder.provider("p", {"a"});
  builder.last().models[0].inputs = kText | kImage;
  builder.last().models[0].context = 4096;
  build();
  const json tags = render(Dialect::kOllama);
  EXPECT_EQ(tags["models"][0]["name"], "p/a");
  EXPECT_EQ(tags["models"][0]["modified_at"], "2023-11-14T22:13:21Z");
  EXPECT_EQ(tags["models"][0]["digest"].get<std::string>().size(), 64U);
  const json shown = show(Dialect::kOllama, "p/a");
  EXPECT_EQ(shown["capabilities"], json({"completion", "tools", "vision"}));
  EXPECT_EQ(shown["model_info"]["p.context_length"], 4096);
}

}  // namespace
}  // namespace omni::llm
