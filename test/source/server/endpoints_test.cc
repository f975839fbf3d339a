#include "source/server/endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "source/config/openapi.h"
#include "test/support/json.h"

namespace omni {
namespace {

std::string described(std::string_view pattern) {
  std::string out(pattern);
  if (const size_t star = out.find("*}"); star != std::string::npos) out.erase(star, 1);
  return out;
}

// What api/openapi.yaml says and what is served, in both directions.
TEST(EndpointsTest, TheTableAndTheDescriptionAreOne) {
  std::set<std::string> served = {"get /healthz",
                                  "get /readyz",
                                  "get /openapi.json",
                                  "get /metrics",
                                  "get /api/config/status",
                                  "get /api/sessions",
                                  "get /api/resilience",
                                  "post /api/resilience/reset",
                                  "get /api/receipts/{id}",
                                  "get /api/usage/history",
                                  "get /api/usage/totals",
                                  "get /api/usage/call-logs",
                                  "get /api/usage/logs",
                                  "get /api/usage/request-logs",
                                  "get /api/telemetry/summary",
                                  "get /api/rate-limits",
                                  "get /api/rate-limit"};
  for (const EndpointRow& row : client_endpoints()) {
    if ((row.methods & kGet) != 0) served.insert("get " + described(row.pattern));
    if ((row.methods & kPost) != 0) served.insert("post " + described(row.pattern));
    if ((row.methods & kDelete) != 0) served.insert("delete " + described(row.pattern));
  }
  std::set<std::string> told;
  const auto document = test::parse_json(openapi_json());
  for (const auto& [path, item] : document["paths"].items())
    for (const char* method : {"get", "put", "post", "delete", "options", "head", "patch"})
      if (item.contains(method)) told.insert(std::string(method) + " " + path);
  EXPECT_EQ(told, served);
}

TEST(EndpointsTest, EveryRowIsReachedByItsOwnPattern) {
  for (const EndpointRow& row : client_endpoints()) {
    std::string path = described(row.pattern);
    if (const size_t open = path.find('{'); open != std::string::npos)
      path.replace(open, path.find('}') - open + 1, "x");
    const std::string_view method = (row.methods & kPost) != 0  ? "POST"
                                    : (row.methods & kGet) != 0 ? "GET"
                                                                : "DELETE";
    EXPECT_EQ(find_endpoint(path, method).row, &row) << path;
    EXPECT_EQ(find_endpoint(path, "PATCH").row, nullptr) << path;
    EXPECT_NE(find_endpoint(path, "PATCH").allowed, 0) << path;
  }
}

TEST(EndpointsTest, APlaceholderTakesSegmentsAsItSays) {
  EXPECT_EQ(find_endpoint("/v1/models/a/b:c", "GET").placeholder, "a/b:c");
  EXPECT_EQ(find_endpoint("/v1/models/a/b:generateContent", "POST").placeholder, "a/b");
  EXPECT_EQ(find_endpoint("/v1/providers/a/models", "GET").placeholder, "a");
  EXPECT_EQ(find_endpoint("/v1/providers/a/b/models", "GET").row, nullptr);
  EXPECT_EQ(find_endpoint("/v1/models/:generateContent", "POST").row, nullptr);
}

}  // namespace
}  // namespace omni
