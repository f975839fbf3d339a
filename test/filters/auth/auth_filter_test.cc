#include "filters/auth/auth_filter.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "test/support/fake_context.h"
#include "test/support/fake_exchange.h"
#include "test/support/test_snapshot.h"

namespace omni::filters {
namespace {

struct Door {
  explicit Door(bool required = true) { config.required = required; }
  // Null: let through.
  const LocalReply* knock() {
    filter.on_request_headers(exchange.request());
    return context.replies.empty() ? nullptr : &context.replies.back();
  }
  Headers& headers() { return exchange.request().headers; }
  std::string name() {
    const GatewayKey* key = exchange.facts().principal.key;
    return key == nullptr ? "nobody" : key->name;
  }

  AuthFilter::Config config;
  test::FakeExchange exchange{build()};
  test::FakeContext context{exchange};
  AuthFilter filter{config, context};

 private:
  static std::shared_ptr<Snapshot> build() {
    test::SnapshotBuilder made;
    made.key("sk-good", {.id = "1", .name = "good"});
    made.key("sk-off", {.id = "2", .name = "off", .disabled = true});
    made.key("sk-banned", {.id = "3", .name = "banned", .banned = true});
    made.key(
        "sk-brief",
        {.id = "4", .name = "brief", .expires_at = test::FakeClock().now() + absl::Minutes(1)});
    Schedule never_now;  // The clock stands at 15:06.
    never_now.from = 16 * 60;
    never_now.until = 15 * 60;
    made.key("sk-night", {.id = "5", .name = "night", .schedule = never_now});
    return made.build();
  }
};

TEST(AuthFilterTest, FindsTheKeyInEveryCarrier) {
  const std::pair<std::string, std::string> carriers[] = {{"authorization", "Bearer sk-good"},
                                                          {"authorization", "bearer   sk-good "},
                                                          {"x-api-key", "sk-good"},
                                                          {"x-goog-api-key", " sk-good"},
                                                          {"?", "token=sk-good"},
                                                          {"?", "a=b&apiKey=sk-good"},
                                                          {"?", "api_key=sk%2Dgood"},
                                                          {"?", "x&key=sk-good&y=1"}};
  for (const auto& [where, value] : carriers) {
    Door door;
    if (where == "?") {
      door.exchange.request().target = "/v1/models?" + value;
    } else {
      door.headers().add(where, value);
    }
    EXPECT_EQ(door.knock(), nullptr) << where << " " << value;
    EXPECT_EQ(door.name(), "good") << where << " " << value;
  }
}

TEST(AuthFilterTest, LooksOnlyWhereKeysBelong) {
  for (const std::string query : {"", "?keys=sk-good", "?Key=sk-good", "?=sk-good", "?sk-good"}) {
    Door door;
    door.exchange.request().target = "/v1/models" + query;
    ASSERT_NE(door.knock(), nullptr) << query;
    EXPECT_EQ(door.context.replies[0].message, "Missing API key") << query;
  }
  Door door;
  door.headers().add("authorization", "Basic sk-good");
  EXPECT_NE(door.knock(), nullptr);
}

TEST(AuthFilterTest, AKnownKeyIsFoundBehindAnUnknownOne) {
  Door door;
  door.headers().add("authorization", "Bearer sk-for-somebody-else");
  door.headers().add("x-api-key", "sk-good");
  EXPECT_EQ(door.knock(), nullptr);
  EXPECT_EQ(door.name(), "good");
}

TEST(AuthFilterTest, RequiredMeansAKnownKey) {
  Door missing;
  ASSERT_NE(missing.knock(), nullptr);
  EXPECT_EQ(missing.context.replies[0].status, 401);
  EXPECT_EQ(missing.context.replies[0].code, "invalid_api_key");
  Door unknown;
  unknown.headers().add("authorization", "Bearer sk-wrong");
  ASSERT_NE(unknown.knock(), nullptr);
  EXPECT_EQ(unknown.context.replies[0].message, "Invalid API key");
}

TEST(AuthFilterTest, NotRequiredLetsStrangersInWithoutAName) {
  for (const std::string key : {"", "Bearer sk-their-own-key"}) {
    Door door(false);
    if (!key.empty()) door.headers().add("authorization", key);
    EXPECT_EQ(door.knock(), nullptr);
    EXPECT_EQ(door.name(), "nobody");
  }
}

TEST(AuthFilterTest, AKeyThatMayNotIsRefusedEvenIfNoneIsRequired) {
  for (const bool required : {false, true}) {
    for (const auto& [key, code] :
         {std::pair{"sk-off", "key_disabled"}, std::pair{"sk-banned", "key_banned"}}) {
      Door door(required);
      door.headers().add("x-api-key", key);
      ASSERT_NE(door.knock(), nullptr);
      EXPECT_EQ(door.context.replies[0].status, 403);
      EXPECT_EQ(door.context.replies[0].code, code);
      EXPECT_EQ(door.name(), "nobody");
    }
  }
}

TEST(AuthFilterTest, AKeyExpiresByTheClock) {
  Door door;
  door.headers().add("x-api-key", "sk-brief");
  EXPECT_EQ(door.knock(), nullptr);
  door.exchange.loop().fake_clock().advance(absl::Minutes(1));
  ASSERT_NE(door.knock(), nullptr);
  EXPECT_EQ(door.context.replies[0].code, "key_expired");
}

TEST(AuthFilterTest, AKeyOutOfItsHoursIsRefusedUntilTheyBegin) {
  Door door(false);
  door.headers().add("x-api-key", "sk-night");
  const LocalReply* reply = door.knock();
  ASSERT_NE(reply, nullptr);
  EXPECT_EQ(reply->status, 403);
  EXPECT_EQ(reply->code, "key_outside_hours");
  EXPECT_EQ(reply->message, "Access denied outside allowed hours (16:00-15:00 UTC)");
  door.context.replies.clear();
  door.exchange.loop().fake_clock().advance(absl::Hours(1));
  EXPECT_EQ(door.knock(), nullptr);
}

}  // namespace
}  // namespace omni::filters
