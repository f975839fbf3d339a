#include "source/llm/openai/models.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "test/support/test_snapshot.h"

namespace omni::llm::openai {
namespace {

std::vector<std::string> ids(const nlohmann::json& list) {
  std::vector<std::string> out;
  for (const auto& entry : list["data"]) out.push_back(entry["id"]);
  return out;
}

TEST(OpenaiModelsTest, ListsModelsWithTheirProviderAndAliasesAfterThem) {
  test::SnapshotBuilder builder;
  builder.provider("one", {"a", "b\"c"}).demo().provider("two", {"a"});
  builder.last().models[0].context = 1000;
  builder.last().models[0].price = Price{.input = 1.5, .output = 2};
  builder.alias("fast", "one/a").alias("gpt-*", "one/a").alias("lost", "nowhere-at-all");
  const auto snapshot = builder.build();
  const auto list = nlohmann::json::parse(
      render_models(*snapshot->providers, *snapshot->aliases,
                    [](std::string_view, const Provider&, const Model&) { return true; }));
  EXPECT_EQ(list["object"], "list");
  EXPECT_EQ(ids(list), (std::vector<std::string>{"one/a", "one/b\"c", "demo/echo", "demo/lorem",
                                                 "two/a", "fast"}));
  EXPECT_EQ(list["data"][4]["context_length"], 1000);
  EXPECT_EQ(list["data"][4]["pricing"]["input"], 1.5);
  EXPECT_EQ(list["data"][5]["root"], "one/a");
}

TEST(OpenaiModelsTest, LeavesOutWhatIsNotVisibleOrHasNoAccount) {
  test::SnapshotBuilder builder;
  builder.provider("one", {"a", "b"}).provider("bare", {"c"});
  builder.last().accounts.clear();
  const auto snapshot = builder.build();
  const auto list = nlohmann::json::parse(render_models(
      *snapshot->providers, *snapshot->aliases,
      [](std::string_view id, const Provider&, const Model&) { return id != "one/a"; }));
  EXPECT_EQ(ids(list), (std::vector<std::string>{"one/b"}));
}

TEST(OpenaiModelsTest, ShowsOneModelEvenIfItIsNotListed) {
  const auto snapshot = test::SnapshotBuilder().provider("one", {"a"}).build();
  const auto entry =
      nlohmann::json::parse(render_model("one/new", snapshot->providers->all().front(), "new"));
  EXPECT_EQ(entry["id"], "one/new");
  EXPECT_EQ(entry["owned_by"], "one");
}

}  // namespace
}  // namespace omni::llm::openai
