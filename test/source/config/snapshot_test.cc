// Building snapshots and reloading them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "source/config/reloader.h"
#include "source/config/snapshot_builder.h"
#include "test/source/config/fake_world.h"

namespace omni {
namespace {

using testing::ElementsAre;

constexpr char kBase[] =
    "providers: [{ id: demo, type: demo }]\naliases: { fast: demo/echo }\n"
    "keys: [{ name: ci, key: ci-secret, allowed_models: [\"demo/*\"] }]\n";
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

class ReloaderTest : public testing::Test {
 protected:
  Reloader reloader(const std::string& text) {
    world_.files["gateway.yaml"] = text;
    return Reloader(
        "gateway.yaml", world_.env(), Secret("pepper"), [this] { return stored_; },
        [](const GatewayConfig&) { return std::nullopt; });
  }
  void write(const std::string& text) { world_.files["gateway.yaml"] = text; }

  FakeWorld world_;
  std::vector<GatewayKey> stored_;
};

TEST_F(ReloaderTest, TheFirstLoadGivesGenerationOne) {
  Reloader r = reloader(kBase);
  const ReloadResult result = r.reload(kNow);
  ASSERT_NE(result.snapshot, nullptr);
  const Snapshot& snapshot = *result.snapshot;
  EXPECT_EQ(snapshot.generation, 1u);
  EXPECT_EQ(snapshot.source, "gateway.yaml");
  EXPECT_EQ(snapshot.loaded_at, kNow);
  EXPECT_EQ(snapshot.source_hash.size(), 64u);
  ASSERT_NE(snapshot.providers->find("demo"), nullptr);
  EXPECT_EQ(snapshot.aliases->at("fast"), "demo/echo");
  ASSERT_EQ(snapshot.listeners.size(), 1u);
  const Route* route = snapshot.listeners[0].match("/v1/chat/completions");
  ASSERT_NE(route, nullptr);
  EXPECT_THAT(route->names, ElementsAre("auth", "translation", "routing", "upstream"));
  EXPECT_EQ(route->filters.size(), 4u);
  EXPECT_NE(snapshot.listeners[0].match("/v1beta/models"), nullptr);
  EXPECT_EQ(snapshot.listeners[0].match("/v1x"), nullptr);
  EXPECT_EQ(r.status().generation, 1u);
  EXPECT_FALSE(r.status().last_error.has_value());
}

TEST_F(ReloaderTest, KeysAreFoundByWhatTheClientPresents) {
  Reloader r = reloader(kBase);
  const auto snapshot = r.reload(kNow).snapshot;
  const GatewayKey* key = snapshot->keys->find("ci-secret");
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->name, "ci");
  EXPECT_EQ(key->id, file_entry_id("key", "ci"));
  EXPECT_THAT(key->allowed_models, ElementsAre("demo/*"));
  EXPECT_EQ(snapshot->keys->find("other"), nullptr);
}

TEST_F(ReloaderTest, UnchangedSectionsAreSharedWithTheSnapshotBefore) {
  Reloader r = reloader(kBase);
  const auto first = r.reload(kNow).snapshot;
  write(std::string(kBase) + "log: { access: false }\n");
  const auto second = r.reload(kNow).snapshot;
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->generation, 2u);
  EXPECT_FALSE(second->access_log);
  EXPECT_EQ(second->providers, first->providers);
  EXPECT_EQ(second->aliases, first->aliases);
  EXPECT_EQ(second->keys, first->keys);
  write("providers: [{ id: demo, type: demo }]\n");
  const auto third = r.reload(kNow).snapshot;
  EXPECT_EQ(third->providers, first->providers);
  EXPECT_NE(third->aliases, first->aliases);
  EXPECT_NE(third->keys, first->keys);
}

TEST_F(ReloaderTest, TheSameContentChangesNothingUnlessForced) {
  Reloader r = reloader(kBase);
  ASSERT_NE(r.reload(kNow).snapshot, nullptr);
  const ReloadResult again = r.reload(kNow);
  EXPECT_EQ(again.snapshot, nullptr);
  EXPECT_TRUE(again.errors.empty());
  EXPECT_EQ(r.status().generation, 1u);
  EXPECT_EQ(r.reload(kNow, true).snapshot->generation, 2u);
}

TEST_F(ReloaderTest, ABrokenFileChangesNothingAndIsReported) {
  Reloader r = reloader(kBase);
  const auto first = r.reload(kNow).snapshot;
  write("providers: [{ id: demo, type: dmeo }]\nzzz: 1\n");
  const ReloadResult broken = r.reload(kNow + absl::Minutes(1));
  EXPECT_EQ(broken.snapshot, nullptr);
  ASSERT_EQ(broken.errors.size(), 2u);
  EXPECT_EQ(r.snapshot(), first);
  EXPECT_EQ(r.config().aliases.size(), 1u);
  EXPECT_EQ(r.status().generation, 1u);
  EXPECT_EQ(r.status().loaded_at, kNow);
  EXPECT_EQ(r.status().reload_failures, 1u);
  ASSERT_TRUE(r.status().last_error.has_value());
  EXPECT_EQ(r.status().last_error->line, 1);
  EXPECT_EQ(r.status().last_error->column, 31);
  EXPECT_EQ(r.status().last_error->path, "providers[0].type");
  write(kBase);  // Put right again: the old configuration is the one in force.
  EXPECT_EQ(r.reload(kNow).snapshot, nullptr);
  EXPECT_FALSE(r.status().last_error.has_value());
}

TEST_F(ReloaderTest, WhatNeedsARestartIsNamedAndTheRestApplies) {
  Reloader r = reloader(kBase);
  ASSERT_NE(r.reload(kNow).snapshot, nullptr);
  write(
      "workers: 3\nstorage: { path: ./other, map_size: 1GiB }\n"
      "listeners: [{ name: main, address: \"127.0.0.1:9999\", management: false }]\n"
      "providers: [{ id: demo2, type: demo }]\n");
  const ReloadResult result = r.reload(kNow);
  EXPECT_THAT(result.warnings, ElementsAre("workers: changed, needs a restart",
                                           "storage.path: changed, needs a restart",
                                           "storage.map_size: changed, needs a restart"));
  ASSERT_NE(result.snapshot, nullptr);
  EXPECT_NE(result.snapshot->providers->find("demo2"), nullptr);
  EXPECT_FALSE(result.snapshot->listeners[0].management);
  EXPECT_EQ(r.config().workers, 0u);
  EXPECT_EQ(r.config().storage.path, "./data");
  EXPECT_EQ(r.config().listeners[0].address, "127.0.0.1:9999");
}

TEST_F(ReloaderTest, StoredKeysJoinAtTheNextBuild) {
  Reloader r = reloader(kBase);
  const auto first = r.reload(kNow).snapshot;
  GatewayKey key;
  key.id = "k1";
  key.name = "made by the API";
  key.hash = keyed_digest("pepper", "sk-new");
  stored_.push_back(key);
  const auto second = r.rebuild(kNow).snapshot;
  ASSERT_NE(second, nullptr);
  ASSERT_NE(second->keys->find("sk-new"), nullptr);
  EXPECT_NE(second->keys->find("ci-secret"), nullptr);
  EXPECT_EQ(second->providers, first->providers);
  stored_[0].disabled = true;
  EXPECT_TRUE(r.rebuild(kNow).snapshot->keys->find("sk-new")->disabled);
}

TEST_F(ReloaderTest, AStoredKeyThatTheFileAlsoHasIsAnError) {
  Reloader r = reloader("providers: [{ id: demo, type: demo }]\n");
  ASSERT_NE(r.reload(kNow).snapshot, nullptr);
  GatewayKey key;
  key.name = "stored";
  key.hash = keyed_digest("pepper", "ci-secret");
  stored_.push_back(key);
  write(kBase);
  const ReloadResult result = r.reload(kNow);
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_EQ(result.errors[0].message, "the key 'ci' of the file is also stored, as 'stored'");
  EXPECT_EQ(r.status().generation, 1u);
}

TEST(FileEntryIdTest, IsStableAndShapedLikeAUuid) {
  EXPECT_EQ(file_entry_id("key", "ci"), file_entry_id("key", "ci"));
  EXPECT_NE(file_entry_id("key", "ci"), file_entry_id("account", "ci"));
  const std::string id = file_entry_id("key", "ci");
  ASSERT_EQ(id.size(), 36u);
  EXPECT_EQ(id[14], '8');
}

}  // namespace
}  // namespace omni
