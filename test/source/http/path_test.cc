#include "source/http/path.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "source/base/strings.h"

namespace omni {
namespace {

std::string canonical(std::string_view target) {
  const auto path = canonical_path(target);
  return path.ok() ? *path : "refused";
}

TEST(PathTest, MapsEachSpellingToItsCanonicalPath) {
  const struct {
    std::string_view target, path;
  } cases[] = {
      {"/", "/"},
      {"/v1/models", "/v1/models"},
      {"/v1/models/", "/v1/models"},
      {"/v1/models?x=/../y#z", "/v1/models"},
      {"/api/v1", "/v1"},
      {"/api/v1/", "/v1"},
      {"/api/v1/chat/completions", "/v1/chat/completions"},
      {"/api/v1beta/models", "/v1beta/models"},
      {"/api/v10/models", "/api/v10/models"},
      {"/api/chat", "/v1/api/chat"},
      {"/api/tags", "/v1/api/tags"},
      {"/api/chats", "/api/chats"},
      {"/v1/v1/messages", "/v1/messages"},
      {"/api/v1/v1/messages", "/v1/messages"},
      {"/v1/v1beta/models", "/v1beta/models"},
      {"/chat/completions", "/v1/chat/completions"},
      {"/chat/completionsx", "/chat/completionsx"},
      {"/responses/resp_1", "/v1/responses/resp_1"},
      {"/models/a/b", "/v1/models/a/b"},
      {"/embeddings", "/v1/embeddings"},
      {"/api/embeddings", "/v1/api/embeddings"},
      {"/api/models", "/api/models"},
      {"/api/config/status", "/api/config/status"},
      {"/v1/models/openai%2Fgpt-4o", "/v1/models/openai%2Fgpt-4o"},
      {"/v1/models/a%20b", "/v1/models/a%20b"},
      {"/v1/.hidden", "/v1/.hidden"},
      {"/v1/...", "/v1/..."},
  };
  for (const auto& [target, path] : cases) EXPECT_EQ(canonical(target), path) << target;
}

TEST(PathTest, RefusesSpellingsThatCouldPassAnotherCheck) {
  for (const std::string_view target : {"",
                                        "v1/models",
                                        "*",
                                        "http://host/v1",
                                        "//",
                                        "//v1",
                                        "/v1//models",
                                        "/v1/models//",
                                        "/./v1",
                                        "/v1/.",
                                        "/v1/..",
                                        "/v1/../api",
                                        "/%61pi/config",
                                        "/v1/%2e%2e/api",
                                        "/v1/%2E",
                                        "/v1/%7Ex",
                                        "/v1\\models",
                                        "/v1/a b",
                                        "/v1/%0a",
                                        "/v1/%00",
                                        "/v1/%",
                                        "/v1/%4",
                                        "/v1/%zz",
                                        "/v1/\x7f",
                                        "/v1/%7f"})
    EXPECT_EQ(canonical(target), "refused") << target;
}

// The checks look at canonical paths, so a path that decodes or folds to another one's canonical
// form must be that form, one of the documented prefixes, or refused.
TEST(PathTest, NoOtherSpellingReachesACanonicalPath) {
  std::mt19937 random(7);
  const std::string_view pieces[] = {"/",    "api",    "v1",  "..",     ".",   "%2e",
                                     "%2F",  "models", "%61", "//",     "?",   "A",
                                     "chat", "%5c",    "%",   "config", "%2f", "\\"};
  for (int round = 0; round < 200000; ++round) {
    std::string target = "/";
    for (size_t n = random() % 7; n > 0; --n) target += pieces[random() % std::size(pieces)];
    const auto path = canonical_path(target);
    if (!path.ok()) continue;
    std::string plain = target.substr(0, target.find('?'));
    if (plain.size() > 1 && plain.back() == '/') plain.pop_back();
    // The documented prefixes in front of /v1, and what lies at the root.
    std::string moved = plain;
    if (moved.rfind("/api/v1", 0) == 0) moved.erase(0, 4);
    while (moved.rfind("/v1/v1", 0) == 0) moved.erase(0, 3);
    const bool is_moved = *path == moved || *path == "/v1" + plain;
    ASSERT_TRUE(*path == plain || is_moved) << target << " became " << *path;
    // Idempotent but for the Ollama words, which lead below /v1.
    ASSERT_EQ(canonical(*path), *path) << target;
    ASSERT_EQ(path->find("//"), std::string::npos) << target;
    ASSERT_EQ(path->find("/../"), std::string::npos) << target;
    if (is_below(*path, "/api")) {
      ASSERT_EQ(*path, plain) << "management has one spelling";
    }
  }
}

// The short cut may know less than canonical_path(), and never anything else.
TEST(PathTest, APlainPathIsItsOwnCanonicalPath) {
  for (const std::string_view plain :
       {"/v1", "/v1/models", "/v1/chat/completions", "/v1/models/gpt-4o", "/v1beta/models", "/v1x"})
    EXPECT_TRUE(is_plain_path(plain)) << plain;
  for (const std::string_view moved : {"/api/v1", "/v1/v1/models", "/models", "/chat/completions"})
    EXPECT_FALSE(is_plain_path(moved)) << moved;
  std::mt19937 random(9);
  const std::string_view pieces[] = {
      "/", "api", "v1",   "..", ".",  "%2e", "%2F", "models",           "%61", "//",
      "?", "A",   "chat", "%",  "\\", "#",   "-",   "a-longer-segment", "\n"};
  size_t known = 0;
  for (int round = 0; round < 200000; ++round) {
    std::string target = random() % 8 == 0 ? "" : "/";
    for (size_t n = random() % 9; n > 0; --n) target += pieces[random() % std::size(pieces)];
    if (!is_plain_path(target)) continue;
    ++known;
    ASSERT_EQ(canonical(target), target);
  }
  EXPECT_GT(known, 1000u);
}

TEST(PathTest, BelowMeansWholeSegments) {
  EXPECT_TRUE(is_below("/api", "/api"));
  EXPECT_TRUE(is_below("/api/x", "/api"));
  EXPECT_TRUE(is_below("/api/x", "/"));
  EXPECT_FALSE(is_below("/apis", "/api"));
  EXPECT_FALSE(is_below("/ap", "/api"));
}

}  // namespace
}  // namespace omni
