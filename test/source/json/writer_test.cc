#include "source/json/writer.h"
#include "test/support/json.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace omni::json {
namespace {

TEST(JsonWriterTest, EscapesWhatJsonAsksFor) {
  EXPECT_EQ(json::quoted(""), "\"\"");
  EXPECT_EQ(json::quoted("plain"), "\"plain\"");
  EXPECT_EQ(json::quoted("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(json::quoted("\n\r\t\b\x01\x1f\x7f"), "\"\\n\\r\\t\\u0008\\u0001\\u001f\\u007f\"");
  EXPECT_EQ(json::quoted("<&>"), "\"<&>\"");
  EXPECT_EQ(json::quoted(std::string("a\0b", 3)), "\"a\\u0000b\"");
}

TEST(JsonWriterTest, KeepsValidUtf8AndReplacesTheRest) {
  const std::string valid = "\xC2\x80 \xE2\x82\xAC \xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF \xEE\x80\x80";
  EXPECT_EQ(json::quoted(valid), "\"" + valid + "\"");
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(json::quoted("a\xFFz"), "\"a" + mark + "z\"");
  EXPECT_EQ(json::quoted("\xC0\xAF"), "\"" + mark + mark + "\"") << "overlong";
  EXPECT_EQ(json::quoted("\xED\xA0\x80"), "\"" + mark + mark + mark + "\"") << "a surrogate";
  EXPECT_EQ(json::quoted("\xF4\x90\x80\x80"), "\"" + mark + mark + mark + mark + "\"");
  EXPECT_EQ(json::quoted("\xE2\x82"), "\"" + mark + mark + "\"") << "cut off";
}

// Any bytes at all become a string that a strict parser takes, and valid text comes back.
TEST(JsonWriterTest, AStrictParserReadsBackWhatWasWritten) {
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (size_t n = random() % 12; n > 0; --n)
      text += static_cast<char>(random() % 3 == 0 ? random() % 256 : 0x80 + random() % 0x60);
    const auto parsed = test::parse_json_if_valid(json::quoted(text));
    ASSERT_TRUE(parsed.is_string()) << json::quoted(text);
  }
  for (uint32_t c = 0; c < 0x80; ++c) {
    const std::string text(1, static_cast<char>(c));
    ASSERT_EQ(test::parse_json(json::quoted(text)).get<std::string>(), text);
  }
}

}  // namespace
}  // namespace omni::json
