// One pass finds the end of a value and whether it is JSON; a byte-by-byte reader says the same.
#include "source/json/checked_size.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "source/json/valid.h"
#include "test/support/slow_nested_size.h"

namespace omni::json {
namespace {

// By each way this processor has, exactly as many bytes readable as there are and more.
void expect_size(std::string_view text, size_t size) {
  const auto exact = std::make_unique<char[]>(text.size());
  std::copy(text.begin(), text.end(), exact.get());
  const std::string_view alone(exact.get(), text.size());
  const std::string longer = std::string(text) + std::string(200, '"');
  std::vector<TokenScan> scans(token_scans().begin(), token_scans().end());
  scans.push_back(nullptr);
  for (const TokenScan scan : scans) {
    EXPECT_EQ(checked_size(alone, {alone.data(), alone.data() + alone.size()}, scan), size) << text;
    EXPECT_EQ(checked_size({longer.data(), text.size()},
                           {longer.data(), longer.data() + longer.size()}, scan),
              size)
        << text;
  }
}

size_t slowly(std::string_view text) {
  const size_t size = test::slow_nested_size(text);
  return size != 0 && is_valid(text.substr(0, size)) ? size : 0;
}

// At every place of the runs it is read in.
void expect_at_every_place(std::string_view text, bool is_good) {
  for (size_t before = 0; before < 130; ++before) {
    const std::string whole = "[" + std::string(before, ' ') + std::string(text) + "]  ,";
    expect_size(whole, is_good ? whole.size() - 3 : 0);
  }
}

TEST(CheckedSizeTest, TakesWhatIsJson) {
  for (const std::string_view text :
       {R"({})", R"([])", R"({"a":1})", R"({"a":[1,-2.5e+3,true,false,null,"x"],"b":{"c":{}}})",
        R"(["\"\\\/\b\f\n\r\t\u00e9\uD83d\uDE00\ud800x", "\\", "\\\"", "\\\\\""])",
        R"({ "a" : [ ] , "b" : "{[}]:," })"})
    expect_at_every_place(text, true);
}

TEST(CheckedSizeTest, RefusesWhatIsNot) {
  for (const std::string_view text : {R"({"a":tru})",    R"({"a":truefalse})",
                                      R"({"a":1"b":2})", R"({"a" 1})",
                                      R"({"a":})",       R"({"a":1,})",
                                      R"({,})",          R"([,])",
                                      R"([1,])",         R"([1 2])",
                                      R"(["a""b"])",     R"([1"a"])",
                                      R"(["a"1])",       R"({"a":1])",
                                      R"([1})",          R"({1:2})",
                                      R"({"a"})",        R"([01])",
                                      R"([1.])",         R"([+1])",
                                      R"([nul])",        R"([\n])",
                                      R"(["\q"])",       R"(["\u12g4"])",
                                      R"(["\u12"])",     R"({"a":1:2})",
                                      R"([:])",          R"([a:1])",
                                      "[\"\n\"]",        "[\"\x01\"]",
                                      "[\x01]",          "[\f1]"})
    expect_at_every_place(text, false);
}

TEST(CheckedSizeTest, RefusesWhatDoesNotEnd) {
  const std::string whole = R"({"a":["\u0041\\\"",{"b":1.5e3}],"c":true})";
  for (size_t size = 1; size < whole.size(); ++size) expect_size(whole.substr(0, size), 0);
  expect_size(whole, whole.size());
}

TEST(CheckedSizeTest, KnowsHowDeepIsTooDeep) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + "1" + std::string(depth, ']');
  };
  expect_size(nested(kMaxDepth), nested(kMaxDepth).size());
  expect_size(nested(kMaxDepth + 1), 0);
}

TEST(CheckedSizeTest, AgreesWithASlowReaderOnBrokenDocuments) {
  std::mt19937 random(7);
  const std::string good =
      R"({"messages":[{"role":"user","content":"He said \"hi\"\n\\ and é left."},)"
      R"({"role":"assistant","content":[{"type":"text","text":"a long text that fills more than)"
      R"( sixty-four bytes without a quote, an escape or anything else of note in it at all"}],)"
      R"("n":[1,2.5,-3e7,true,null]}],"temperature":0.7,"tools":[{"a":{"b":{"c":[]}}}]})";
  const std::string pieces = "\"\\{}[]:,0tu \n\x01x";
  for (int i = 0; i < 30000; ++i) {
    std::string text = good;
    const int edits = 1 + static_cast<int>(random() % 3);
    for (int k = 0; k < edits; ++k) {
      const size_t at = random() % text.size();
      const char c = pieces[random() % pieces.size()];
      switch (random() % 3) {
        case 0:
          text[at] = c;
          break;
        case 1:
          text.insert(at, 1, c);
          break;
        default:
          text.erase(at, 1 + random() % 3);
      }
      if (text.empty()) text = "[";
    }
    if (text[0] != '{' && text[0] != '[') continue;
    ASSERT_NO_FATAL_FAILURE(expect_size(text, slowly(text))) << text;
    if (HasFailure()) return;
  }
}

TEST(CheckedSizeTest, TheSlowReaderTellsWhereItStops) {
  EXPECT_EQ(first_fault(R"({"a":[1,tru]})"), 8u);
  EXPECT_EQ(first_fault(R"({"a":1"b":2})"), 6u);
  EXPECT_EQ(first_fault(R"({"a" 1})"), 5u);
  EXPECT_EQ(first_fault(R"(["x\q"])"), 4u);
  EXPECT_EQ(first_fault(R"([1,01])"), 3u);
  EXPECT_EQ(first_fault(R"([1)"), 2u);
  EXPECT_EQ(first_fault(R"({} x)"), 3u);
}

TEST(CheckedSizeTest, TellsSoundStrings) {
  for (const std::string_view text : {R"("")", R"("\\")", R"("é\n")"}) {
    EXPECT_TRUE(is_sound_string(text)) << text;
  }
  for (const std::string_view text : {"\"\x02\"", R"("\x")", R"("\u00e")"}) {
    EXPECT_FALSE(is_sound_string(text)) << text;
    const std::string inside(text.substr(1, text.size() - 2));
    for (size_t before = 0; before < 70; ++before)
      EXPECT_FALSE(is_sound_string("\"" + std::string(before, 'x') + inside + "\"")) << before;
  }
}

}  // namespace
}  // namespace omni::json
