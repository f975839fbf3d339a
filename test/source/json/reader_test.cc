#include "source/json/reader.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "source/base/status.h"

namespace omni::json {
namespace {

// Padding of the worst kind: bytes that would go on with the document.
absl::Status read(std::string_view text, VisitMember visit) {
  std::string padded(text);
  padded.append(kPadding, '}');
  return read_object(std::string_view(padded).substr(0, text.size()), visit);
}

std::string why(std::string_view text) {
  const absl::Status status = read(text, [](std::string_view, Value&) { return absl::OkStatus(); });
  return status.ok() ? "ok" : std::string(message(status));
}

TEST(JsonReaderTest, ShowsEveryMemberInOrderWithRepeatedKeys) {
  std::vector<std::string> seen;
  ASSERT_TRUE(
      read(R"( {"a":1,"b":"x","a":[2,{"c":3}],"":null} )", [&](std::string_view key, Value& value) {
        seen.push_back(std::string(key) + ":" + std::to_string(static_cast<int>(value.kind())));
        return absl::OkStatus();
      }).ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"a:3", "b:2", "a:1", ":5"}));
}

TEST(JsonReaderTest, ResolvesEscapesInKeysAndTexts) {
  std::string key, text;
  ASSERT_TRUE(read(R"({"\u006dod\u0065l":"a\n\"\u20ac\ud83d\ude00"})", [&](std::string_view name,
                                                                           Value& value) {
                key = name;
                text = *value.text();
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(key, "model");
  EXPECT_EQ(text, "a\n\"\xE2\x82\xAC\xF0\x9F\x98\x80");
}

TEST(JsonReaderTest, SaysWhereKeysAndValuesStand) {
  const std::string document = R"({ "model" :  "gpt" , "n": 12 })";
  std::string padded = document + std::string(kPadding, ' ');
  std::vector<std::string> seen;
  ASSERT_TRUE(read_object(std::string_view(padded).substr(0, document.size()), [&](std::string_view,
                                                                                   Value& value) {
                seen.push_back(std::to_string(value.key_begin() - padded.data()) + "," +
                               std::to_string(value.begin() - padded.data()) + "," +
                               std::string(value.raw()));
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"2,13,\"gpt\"", "21,26,12"}));
}

TEST(JsonReaderTest, RefusesWhatIsNotOneObject) {
  EXPECT_EQ(why("{}"), "ok");
  EXPECT_EQ(why(" {\n} \t\r\n"), "ok");
  EXPECT_EQ(why(""), "empty");
  EXPECT_EQ(why("   "), "empty");
  EXPECT_EQ(why("[]"), "not an object");
  EXPECT_EQ(why("\"x\""), "not an object");
  EXPECT_EQ(why("7"), "not an object");
  EXPECT_EQ(why("{} {}"), "something follows the document");
  EXPECT_NE(why("{}x"), "ok");
  EXPECT_EQ(why(R"({"a":"\xff"})").substr(0, 2), "ok") << "what is skipped is not unescaped";
  EXPECT_EQ(why("{\"a\":\"\xff\"}"), "not valid UTF-8");
  for (const std::string_view text :
       {"{", "}", R"({"a")", R"({"a":)", R"({"a":1)", R"({"a":1,)", R"({"a":1,})", R"({a:1})",
        R"({"a" 1})", R"({"a":1 "b":2})", R"({"a":"x)", R"({"a":[1,2})", R"({"a":{"b":1})"})
    EXPECT_NE(why(text), "ok") << text;
}

TEST(JsonReaderTest, ReadsNumbersByTheirValue) {
  const auto integer = [](std::string_view text) -> std::string {
    std::string out;
    const absl::Status status =
        read("{\"n\":" + std::string(text) + "}", [&](std::string_view, Value& value) {
          const auto number = value.integer();
          out = number.ok() ? std::to_string(*number) : std::string(message(number.status()));
          return absl::OkStatus();
        });
    return status.ok() ? out : "error";
  };
  EXPECT_EQ(integer("7"), "7");
  EXPECT_EQ(integer("-3"), "-3");
  EXPECT_EQ(integer("2.0"), "2");
  EXPECT_EQ(integer("1e3"), "1000");
  EXPECT_EQ(integer("1.5"), "not an integer");
  EXPECT_EQ(integer("1e300"), "out of range");
  EXPECT_EQ(integer("9223372036854775807"), "9223372036854775807");
  for (const std::string_view bad : {"99999999999999999999999", "1e999"}) {
    const std::string got = integer(bad);
    EXPECT_EQ(got.find_first_of("0123456789"), std::string::npos) << bad << " gave " << got;
  }
}

TEST(JsonReaderTest, RefusesNestingWithoutEndInWhatIsRead) {
  const std::function<absl::Status(Value&)> descend = [&](Value& value) -> absl::Status {
    if (value.kind() != Kind::kArray) return absl::OkStatus();
    return value.items([&](Value& item) { return descend(item); });
  };
  const auto depth = [&](int levels) {
    return read("{\"a\":" + std::string(static_cast<size_t>(levels), '[') +
                    std::string(static_cast<size_t>(levels), ']') + "}",
                [&](std::string_view, Value& value) { return descend(value); });
  };
  EXPECT_TRUE(depth(kMaxDepth - 2).ok());
  EXPECT_EQ(message(depth(kMaxDepth + 1)), "nested too deeply");
  EXPECT_FALSE(depth(100000).ok());
}

TEST(JsonReaderTest, AVisitorsErrorStopsTheWalk) {
  int seen = 0;
  const absl::Status status = read(R"({"a":1,"b":2})", [&](std::string_view, Value&) {
    ++seen;
    return invalid("mine");
  });
  EXPECT_EQ(message(status), "mine");
  EXPECT_EQ(seen, 1);
}

TEST(JsonReaderTest, ReadsOnAfterALargeDocument) {
  const std::string large = "{\"a\":\"" + std::string(4 << 20, 'x') + "\"}";
  EXPECT_EQ(why(large), "ok");
  EXPECT_EQ(why("{\"a\":1}"), "ok");
}

}  // namespace
}  // namespace omni::json
