#include "source/admin/access.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace omni {
namespace {

struct Visit {
  std::string peer = "127.0.0.1:4711";
  bool from_loopback = true;
  std::string host = "localhost:20128";
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::string> allow = {"127.0.0.0/8", "::1/128"};
  bool has_password = false;

  std::string result() const {
    RequestHead head;
    head.authority = host;
    for (const auto& [name, value] : headers) head.headers.add(name, value);
    const auto refusal = refuse_management(
        head, {.listener = 0, .peer = peer, .from_loopback = from_loopback}, {allow}, has_password);
    return refusal ? refusal->code : "ok";
  }
};

TEST(AdminAccessTest, OnlyAllowedAddressesGetThisFar) {
  const struct {
    std::string peer;
    std::vector<std::string> allow;
    std::string result;
  } cases[] = {
      {"127.0.0.1:1", {"127.0.0.0/8"}, "ok"},
      {"127.9.9.9:1", {"127.0.0.0/8"}, "ok"},
      {"[::1]:1", {"::1/128"}, "ok"},
      {"[::ffff:127.0.0.1]:1", {"127.0.0.0/8"}, "ok"},
      {"10.0.0.5:1", {"127.0.0.0/8", "10.0.0.0/24"}, "ok"},
      {"10.0.1.5:1", {"10.0.0.0/24"}, "admin_address_refused"},
      {"10.0.0.5:1", {"10.0.0.5"}, "ok"},
      {"127.0.0.1:1", {}, "admin_address_refused"},
      {"127.0.0.1:1", {"nonsense"}, "admin_address_refused"},
      {"unix:", {}, "ok"},
      {"", {"0.0.0.0/0"}, "admin_address_refused"},
  };
  for (const auto& [peer, allow, result] : cases)
    EXPECT_EQ((Visit{.peer = peer, .allow = allow}.result()), result) << peer;
}

TEST(AdminAccessTest, WithoutAPasswordOnlyThisHostMayLookIn) {
  EXPECT_EQ((Visit{.peer = "10.0.0.5:1", .from_loopback = false, .allow = {"10.0.0.0/8"}}.result()),
            "needs_setup");
  EXPECT_EQ((Visit{.peer = "10.0.0.5:1",
                   .from_loopback = false,
                   .allow = {"10.0.0.0/8"},
                   .has_password = true}
                 .result()),
            "ok");
}

// DNS rebinding: a page's own name that resolves to 127.0.0.1.
TEST(AdminAccessTest, WithoutAPasswordTheHostMustBeALoopbackName) {
  for (const char* host :
       {"localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:20128", "[::1]:1", "[::1]"})
    EXPECT_EQ((Visit{.host = host}.result()), "ok") << host;
  for (const char* host : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                           "10.0.0.1", "[::2]", "[::1", "localhost:1:2", "evil@localhost"})
    EXPECT_EQ((Visit{.host = host}.result()), "needs_setup") << host;
  EXPECT_EQ((Visit{.host = "omni.example", .has_password = true}.result()), "ok");
}

TEST(AdminAccessTest, WithoutAPasswordAProxyMakesNobodyLocal) {
  for (const char* name :
       {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "x-real-ip"}) {
    Visit visit;
    visit.headers = {{name, "127.0.0.1"}};
    EXPECT_EQ(visit.result(), "needs_setup") << name;
  }
}

TEST(AdminAccessTest, WithoutAPasswordAForeignPageIsRefused) {
  for (const auto& [origin, result] :
       std::vector<std::pair<std::string, std::string>>{{"http://localhost:20128", "ok"},
                                                        {"http://127.0.0.1:3000", "ok"},
                                                        {"https://[::1]", "ok"},
                                                        {"https://evil.example", "needs_setup"},
                                                        {"http://localhost.evil", "needs_setup"},
                                                        {"null", "needs_setup"},
                                                        {"", "needs_setup"}}) {
    Visit visit;
    visit.headers = {{"origin", origin}};
    EXPECT_EQ(visit.result(), result) << origin;
  }
}

}  // namespace
}  // namespace omni
