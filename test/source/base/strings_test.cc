#include "source/base/strings.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace omni {
namespace {

TEST(StringsTest, LowerAndComparisonsAreAsciiOnly) {
  EXPECT_EQ(lower("ABCxyz-\xC4"), "abcxyz-\xC4");
  EXPECT_TRUE(equals_ignoring_case("Bearer", "bEARER"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
  EXPECT_TRUE(starts_with_ignoring_case("BEARER x", "bearer "));
  EXPECT_FALSE(starts_with_ignoring_case("bear", "bearer"));
}

TEST(StringsTest, TrimTakesWhiteSpaceFromBothEnds) {
  EXPECT_EQ(trim(" \t\r\nx y\n "), "x y");
  EXPECT_EQ(trim("   "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(StringsTest, SplitKeepsEmptyPieces) {
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string_view>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
}

TEST(StringsTest, ParseIntTakesTheWholeTextOrNothing) {
  EXPECT_EQ(parse_int("0"), 0);
  EXPECT_EQ(parse_int("-12"), -12);
  EXPECT_EQ(parse_int("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(parse_int("-9223372036854775808"), INT64_MIN);
  for (const std::string_view bad :
       {"", "-", " 1", "1 ", "1.0", "0x1", "9223372036854775808", "1e3"})
    EXPECT_EQ(parse_int(bad), std::nullopt) << bad;
}

// The obvious way, for comparison.
bool slow_glob(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    for (size_t i = 0; i <= text.size(); ++i)
      if (slow_glob(text.substr(i), pattern.substr(1))) return true;
    return false;
  }
  return !text.empty() && text[0] == pattern[0] && slow_glob(text.substr(1), pattern.substr(1));
}

TEST(StringsTest, GlobsAgreeWithTheObviousWay) {
  EXPECT_TRUE(matches_glob("gpt-4o", "gpt-*"));
  EXPECT_TRUE(matches_glob("", "*"));
  EXPECT_FALSE(matches_glob("gpt", "GPT"));
  EXPECT_FALSE(matches_glob("a?b", "a.b"));
  std::mt19937 random(5);
  for (int round = 0; round < 20000; ++round) {
    std::string text, pattern;
    for (size_t n = random() % 8; n > 0; --n) text += "ab"[random() % 2];
    for (size_t n = random() % 6; n > 0; --n) pattern += "ab*"[random() % 3];
    ASSERT_EQ(matches_glob(text, pattern), slow_glob(text, pattern)) << text << " " << pattern;
  }
}

TEST(StringsTest, NearestSuggestsTheClosestFirst) {
  const std::vector<std::string> known = {"gpt-4o", "gpt-4o-mini", "claude"};
  EXPECT_EQ(nearest("gpt-4", known), (std::vector<std::string>{"gpt-4o"}));
  EXPECT_TRUE(nearest("zzzzzzzzzzzz", known, 3).empty());
}

TEST(StringsTest, PercentDecodingLeavesBrokenSequences) {
  EXPECT_EQ(percent_decoded("a%20b%2Fc%2fd"), "a b/c/d");
  EXPECT_EQ(percent_decoded("%"), "%");
  EXPECT_EQ(percent_decoded("%4"), "%4");
  EXPECT_EQ(percent_decoded("%zz%41"), "%zzA");
  EXPECT_EQ(percent_decoded("a+b"), "a+b");
}

TEST(StringsTest, HexGoesBothWays) {
  EXPECT_EQ(to_hex(std::string("\x00\x7f\xff", 3)), "007fff");
  EXPECT_EQ(hex_value('a'), 10);
  EXPECT_EQ(hex_value('F'), 15);
  EXPECT_EQ(hex_value('g'), -1);
}

}  // namespace
}  // namespace omni
