#include "source/server/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "test/support/fake_exchange.h"
#include "test/support/scripted_filter.h"
#include "test/support/test_snapshot.h"

namespace omni {
namespace {

class RouterTest : public testing::Test {
 protected:
  // Listener 1 with management and rows for clients, behind it listener 0 without management.
  RouterTest() {
    state.ready = true;
    state.admin_row.push_back(test::make_template(script));
  }

  // "404 not_found", "row chat", "row admin", "200" and so on.
  std::string ask(std::string_view method, std::string_view target) {
    auto snapshot = test::SnapshotBuilder().build();
    snapshot->admin.allow = {"127.0.0.0/8"};
    snapshot->listeners.resize(2);
    snapshot->listeners[0].id = 1;
    snapshot->listeners[1].management = false;
    for (ListenerRoutes& routes : snapshot->listeners)
      for (const char* prefix : {"/v1", "/v1beta"})
        routes.routes.push_back(
            Route{.prefix = prefix, .names = {"f"}, .filters = {test::make_template(script)}});
    test::FakeExchange exchange(snapshot);
    exchange.request().method = method;
    exchange.request().target = target;
    exchange.request().authority = "localhost:20128";
    for (const auto& [name, value] : headers) exchange.request().headers.add(name, value);
    entry =
        route_request(exchange, {.listener = listener, .peer = peer, .from_loopback = true}, state);
    resource = exchange.facts().resource;
    provider = exchange.facts().provider;
    dialect = exchange.facts().call.dialect();
    path = exchange.facts().path;
    if (entry.answer) return std::to_string(entry.answer->status);
    if (entry.refusal) return std::to_string(entry.refusal->status) + " " + entry.refusal->code;
    if (entry.row == &state.admin_row) return "row admin";
    switch (exchange.facts().endpoint) {
      case Endpoint::kChat:
        return "row chat";
      case Endpoint::kModels:
        return "row models";
      case Endpoint::kModel:
        return "row model";
      case Endpoint::kCountTokens:
        return "row count";
      case Endpoint::kShowModel:
        return "row show";
      case Endpoint::kVersion:
        return "row version";
      case Endpoint::kEmbed:
        return "row embed";
      case Endpoint::kRunning:
        return "row running";
      default:
        return "row none";
    }
  }

  test::Script script;
  RouterState state;
  Entry entry;
  std::string resource, path, provider;
  Dialect dialect = Dialect::kOpenai;
  std::vector<std::pair<std::string, std::string>> headers;
  size_t listener = 1;
  std::string peer = "127.0.0.1:4711";
};

TEST_F(RouterTest, ServesEachPathAsDocumented) {
  const struct {
    std::string_view method, target, result;
  } cases[] = {
      {"POST", "/v1/chat/completions", "row chat"},
      {"POST", "/v1/chat/completions/?x=1", "row chat"},
      {"POST", "/api/v1/chat/completions", "row chat"},
      {"GET", "/v1/chat/completions", "405 method_not_allowed"},
      {"GET", "/v1/models", "row models"},
      {"HEAD", "/v1/models", "row models"},
      {"POST", "/v1/models", "405 method_not_allowed"},
      {"GET", "/v1", "row models"},
      {"GET", "/v1/models/gpt-4o", "row model"},
      {"DELETE", "/v1/models/gpt-4o", "405 method_not_allowed"},
      {"POST", "/v1/models/gemini/g:generateContent", "row chat"},
      {"POST", "/v1/models/g:streamGenerateContent?alt=sse", "row chat"},
      {"GET", "/v1/models/g:generateContent", "405 method_not_allowed"},
      {"POST", "/v1/models/:generateContent", "405 method_not_allowed"},
      {"POST", "/v1/models/g:countTokens", "row count"},
      {"POST", "/v1/messages/count_tokens", "row count"},
      {"POST", "/v1/responses/input_tokens", "row count"},
      {"POST", "/v1/completions", "row chat"},
      {"POST", "/api/generate", "row chat"},
      {"POST", "/api/embed", "row embed"},
      {"POST", "/v1/api/embeddings", "row embed"},
      {"POST", "/api/v1/embeddings", "row embed"},
      {"GET", "/v1/embeddings", "405 method_not_allowed"},
      {"POST", "/v1/providers/openai/embeddings", "row embed"},
      {"POST", "/v1/models/google/g:embedContent", "row embed"},
      {"POST", "/v1beta/models/g:batchEmbedContents", "row embed"},
      {"GET", "/api/ps", "row running"},
      {"GET", "/v1/models/llama3:8b", "row model"},
      {"GET", "/v1/providers/openai/models", "row models"},
      {"POST", "/v1/providers/openai/chat/completions", "row chat"},
      {"POST", "/v1/providers/openai/messages", "row chat"},
      {"POST", "/v1/providers/a/b/responses", "404 not_found"},
      {"POST", "/v1/providers//responses", "400 bad_path"},
      {"GET", "/v1beta/models", "row models"},
      {"GET", "/v1beta/models/openai/gpt-4o", "row model"},
      {"GET", "/api/tags", "row models"},
      {"POST", "/api/show", "row show"},
      {"GET", "/api/version", "row version"},
      {"GET", "/models", "row models"},
      {"POST", "/chat/completions", "row chat"},
      {"POST", "/v1/v1/messages", "row chat"},
      {"GET", "/v1/nothing", "404 not_found"},
      {"GET", "/v1x/models", "404 not_found"},
      {"GET", "/", "404 not_found"},
      {"GET", "/healthz", "200"},
      {"HEAD", "/readyz", "200"},
      {"POST", "/healthz", "405 method_not_allowed"},
      {"OPTIONS", "/v1/chat/completions", "204"},
      {"GET", "/metrics", "row admin"},
      {"GET", "/api/config/status", "row admin"},
      {"GET", "/api/anything", "row admin"},
      {"GET", "/metricsx", "404 not_found"},
      {"GET", "/v1/%2e%2e/api", "400 bad_path"},
      {"GET", "//api/config/status", "400 bad_path"},
      {"GET", "*", "400 bad_path"},
  };
  for (const auto& [method, target, result] : cases)
    EXPECT_EQ(ask(method, target), result) << method << " " << target;
}

TEST_F(RouterTest, TheIdOfAModelIsDecodedOnce) {
  EXPECT_EQ(ask("GET", "/v1/models/openai%2Fgpt%20x"), "row model");
  EXPECT_EQ(resource, "openai/gpt x");
  EXPECT_EQ(ask("GET", "/v1/models/openai/gpt-4o"), "row model");
  EXPECT_EQ(resource, "openai/gpt-4o");
  EXPECT_EQ(ask("GET", "/v1/models/a%252Fb"), "row model");
  EXPECT_EQ(resource, "a%2Fb");
}

TEST_F(RouterTest, AListingIsInTheShapeOfWhoeverAsks) {
  ask("GET", "/v1/models");
  EXPECT_EQ(dialect, Dialect::kOpenai);
  headers = {{"anthropic-version", "2023-06-01"}};
  ask("GET", "/v1/models/x");
  EXPECT_EQ(dialect, Dialect::kAnthropic);
  ask("POST", "/v1/chat/completions");
  EXPECT_EQ(dialect, Dialect::kOpenai);
  headers = {{"x-goog-api-key", "k"}};
  ask("GET", "/v1/models");
  EXPECT_EQ(dialect, Dialect::kGemini);
  ask("GET", "/api/tags");
  EXPECT_EQ(dialect, Dialect::kOllama);
}

TEST_F(RouterTest, RefusalsAreInTheDialectOfThePath) {
  const std::pair<std::string_view, Dialect> cases[] = {
      {"/v1/messages", Dialect::kAnthropic},
      {"/v1/messages/x", Dialect::kAnthropic},
      {"/v1beta/nothing", Dialect::kGemini},
      {"/v1/models/m:generateContent", Dialect::kGemini},
      {"/v1/api/nothing", Dialect::kOllama},
      {"/v1/responses/x/y", Dialect::kOpenaiResponses},
      {"/v1/providers/p/messages", Dialect::kAnthropic},
      {"/v1/messages//x", Dialect::kAnthropic},
      {"/v1beta/%2e%2e/x", Dialect::kGemini}};
  for (const auto& [target, wanted] : cases) {
    EXPECT_NE(ask("PATCH", target).substr(0, 3), "row") << target;
    EXPECT_EQ(dialect, wanted) << target;
  }
}

TEST_F(RouterTest, ThePinnedProviderIsDecodedOnce) {
  ask("POST", "/v1/providers/my%20own/chat/completions");
  EXPECT_EQ(provider, "my own");
}

TEST_F(RouterTest, ARefusedMethodSaysWhichAreAllowed) {
  ask("PUT", "/v1/chat/completions");
  ASSERT_FALSE(entry.refusal->headers.empty());
  EXPECT_EQ(entry.refusal->headers[0].first, "allow");
  EXPECT_THAT(entry.refusal->headers[0].second, testing::HasSubstr("POST"));
}

TEST_F(RouterTest, NotReadyIsSaidWhileHealthStaysWell) {
  state.ready = false;
  EXPECT_EQ(ask("GET", "/readyz"), "503");
  EXPECT_EQ(ask("GET", "/healthz"), "200");
}

TEST_F(RouterTest, ManagementIsWhereTheListenerSaysAndForWhoMay) {
  listener = 0;
  EXPECT_EQ(ask("GET", "/api/config/status"), "404 not_found");
  EXPECT_EQ(ask("GET", "/metrics"), "404 not_found");
  EXPECT_EQ(ask("GET", "/v1/models"), "row models");
  listener = 1;
  peer = "10.1.2.3:4711";
  EXPECT_EQ(ask("GET", "/api/config/status"), "403 admin_address_refused");
  EXPECT_EQ(ask("GET", "/v1/models"), "row models");
}

TEST_F(RouterTest, AListenerThatTheSnapshotDoesNotKnowServesNothing) {
  listener = 7;
  EXPECT_EQ(ask("GET", "/v1/models"), "404 not_found");
}

TEST_F(RouterTest, OtherSpellingsOfManagementNeverReachIt) {
  for (const std::string_view target :
       {"/API/config/status", "/api%2Fconfig/status", "/v1/api/config", "/%61pi/config/status",
        "/api/v1/config/status", "/api/v1/metrics", "/Metrics"})
    EXPECT_NE(ask("GET", target), "row admin") << target;
}

}  // namespace
}  // namespace omni
