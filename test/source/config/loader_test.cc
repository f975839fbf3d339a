#include "source/config/loader.h"

#include <gtest/gtest.h>

#include <string>

#include "test/source/config/fake_world.h"

namespace omni {
namespace {

// The contract's own example, without what this version refuses.
constexpr char kContract[] = R"(workers: auto
storage:
  path: ./data
  map_size: 4GiB
listeners:
  - name: main
    address: 127.0.0.1:20128
    routes:
      - match: { prefix: /v1 }
        filters:
          - auth: { required: false }
          - compression: { mode: "off" }
          - translation: {}
          - routing: {}
          - upstream: { timeout: 120s }
providers:
  - id: openai
    alias: oa
    type: openai
    dialect: openai
    base_url: http://127.0.0.1:9001/v1
    accounts:
      - { name: main, api_key: "${OPENAI_API_KEY}", priority: 1, weight: 1 }
    usage_in_streams: true
    models:
      - { id: gpt-5, context: 400000, max_output: 128000, price: { input: 1.25, output: 10, cached: 0.125 } }
aliases: { fast: openai/gpt-5-mini }
keys:
  - name: ci
    key: "${CI_KEY}"
    allowed_models: ["openai/*"]
settings:
  require_api_key: false
  system_prompt: { enabled: false, prompt: "" }
  thinking_budget: { mode: passthrough }
resilience:
  request_queue: { enabled: false, requests_per_minute: 100, min_gap: 200ms, concurrent: 10, max_wait: 15s }
admin:
  password: "${INITIAL_PASSWORD:-}"
log: { level: info, format: json, access: true }
)";

TEST(LoaderTest, ReadsTheExampleOfTheContract) {
  FakeWorld world;
  world.environment = {{"OPENAI_API_KEY", "sk-1"}, {"CI_KEY", "ci-secret"}};
  EXPECT_EQ(world.errors(kContract), "");
  const GatewayConfig config = world.load(kContract).config;
  EXPECT_EQ(config.workers, 0u);
  EXPECT_EQ(config.storage.path, "./data");
  EXPECT_EQ(config.storage.map_size_bytes, uint64_t{4} << 30);
  ASSERT_EQ(config.listeners.size(), 1u);
  EXPECT_EQ(config.listeners[0].name, "main");
  ASSERT_EQ(config.listeners[0].routes.size(), 1u);
  EXPECT_EQ(config.listeners[0].routes[0].prefix, "/v1");
  ASSERT_EQ(config.listeners[0].routes[0].filters.size(), 4u);  // compression is off.
  EXPECT_EQ(config.listeners[0].routes[0].filters[3].name, "upstream");
  ASSERT_EQ(config.providers.size(), 1u);
  const Provider& provider = config.providers[0];
  EXPECT_EQ(provider.alias, "oa");
  EXPECT_EQ(provider.base.origin.authority(), "127.0.0.1:9001");
  EXPECT_TRUE(provider.base.origin.allow_private);
  EXPECT_EQ(provider.base.path, "/v1");
  ASSERT_EQ(provider.accounts.size(), 1u);
  EXPECT_EQ(provider.accounts[0].header_name, "authorization");
  EXPECT_EQ(provider.accounts[0].header_value.reveal(), "Bearer sk-1");
  EXPECT_NE(provider.find_model("gpt-5-mini"), nullptr);  // The catalogue's list stays.
  EXPECT_EQ(provider.find_model("gpt-5")->price->output, 10);
  EXPECT_EQ(config.aliases.at("fast"), "openai/gpt-5-mini");
  ASSERT_EQ(config.keys.size(), 1u);
  EXPECT_TRUE(config.keys[0].key.equals("ci-secret"));
  EXPECT_TRUE(config.admin.password.empty());
  EXPECT_EQ(config.sources, std::vector<std::string>{"gateway.yaml"});
}

TEST(LoaderTest, AFileThatOnlyNamesTheDemoGetsEveryDefault) {
  FakeWorld world;
  const LoadResult result = world.load("providers: [{ id: demo, type: demo }]\n");
  ASSERT_TRUE(result.ok()) << result.errors[0].text();
  const ListenerConfig& listener = result.config.listeners.at(0);
  EXPECT_EQ(listener.address, "127.0.0.1:20128");
  EXPECT_TRUE(listener.management);
  EXPECT_EQ(listener.limits.body_bytes, size_t{32} << 20);
  ASSERT_EQ(listener.routes.size(), 2u);
  EXPECT_EQ(listener.routes[0].prefix, "/v1");
  EXPECT_EQ(listener.routes[1].prefix, "/v1beta");
  EXPECT_EQ(listener.routes[0].filters[0].name, "auth");
  const Provider& demo = result.config.providers.at(0);
  EXPECT_TRUE(demo.is_demo);
  EXPECT_NE(demo.find_model("echo"), nullptr);
  EXPECT_NE(demo.find_model("lorem"), nullptr);
}

}  // namespace
}  // namespace omni
